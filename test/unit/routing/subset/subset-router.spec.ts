import { describe, expect, it } from 'vitest';
import type { Instance } from '../../../../lib/registry/registry.js';
import { SubsetRouter } from '../../../../lib/routing/subset/subset-router.js';

const instance = (port: number, subset: string): Instance => ({ address: `h:${port}`, nodeId: '', instId: '', subset });
const MIXED = Object.freeze([
  instance(1, ''),
  instance(2, 'gray'),
  instance(3, 'blue'),
  instance(4, 'gray'),
  instance(5, '*'),
]);

function ports(instances: readonly Instance[], subset?: string): string[] {
  const target = subset === undefined ? {} : { subset };
  return new SubsetRouter().route(instances, { service: 'a.b', target, self: undefined }).map(({ address }) => address);
}

describe('SubsetRouter', () => {
  it('keeps the wanted subset, and what serves every subset', () => {
    expect(ports(MIXED, 'gray')).toEqual(['h:2', 'h:4', 'h:5']);
  });

  it('keeps everything when none is wanted', () => {
    const query = { service: 'a.b', target: {}, self: undefined };
    expect(new SubsetRouter().route(MIXED, query)).toBe(MIXED);
    expect(new SubsetRouter().route(MIXED, { ...query, target: { subset: '' } })).toBe(MIXED);
  });

  it('keeps nothing, rather than others, when no instance is of the subset', () => {
    expect(ports(MIXED.slice(0, 4), 'green')).toEqual([]);
  });

  it('distinguishes case: a subset is an opaque text', () => {
    expect(ports(MIXED, 'GRAY')).toEqual(['h:5']);
  });

  it('answers the same array to the same question, so that a rotation goes on', () => {
    const router = new SubsetRouter();
    const query = { service: 'a.b', target: { subset: 'gray' }, self: undefined };
    const first = router.route(MIXED, query);
    expect(router.route(MIXED, { ...query, target: { subset: 'gray' } })).toBe(first);
    expect(Object.isFrozen(first)).toBe(true);
    for (let at = 0; at < 300; at++) router.route(MIXED, { ...query, target: { subset: `s${at}` } });
    expect(router.route(MIXED, query)).toEqual(first);
  });

  it('looks again at an array that may have changed', () => {
    const router = new SubsetRouter();
    const open = [instance(1, 'gray'), instance(2, 'blue')];
    const query = { service: 'a.b', target: { subset: 'gray' }, self: undefined };
    expect(router.route(open, query)).toHaveLength(1);
    open.push(instance(3, 'gray'));
    expect(router.route(open, query)).toHaveLength(2);
  });
});
