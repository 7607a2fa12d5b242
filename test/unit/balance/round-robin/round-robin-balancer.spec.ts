import { describe, expect, it } from 'vitest';
import { RoundRobinBalancer } from '../../../../lib/balance/round-robin/round-robin-balancer.js';
import type { Instance } from '../../../../lib/registry/registry.js';

function several(count: number): Instance[] {
  return Array.from({ length: count }, (_, at) => ({ address: `h:${at}`, nodeId: '', instId: '', subset: '' }));
}

function picks(balancer: RoundRobinBalancer, instances: readonly Instance[], count: number): string[] {
  return Array.from({ length: count }, () => balancer.pick(instances).instance.address);
}

describe('RoundRobinBalancer', () => {
  it('takes each exactly once a round', () => {
    const balancer = new RoundRobinBalancer();
    const instances = several(5);
    const first = picks(balancer, instances, 5);
    expect(first.toSorted()).toEqual(instances.map(({ address }) => address));
    expect(picks(balancer, instances, 5)).toEqual(first);
  });

  it('starts at different places, so that many consumers do not all begin with one', () => {
    const instances = several(4);
    const starts = Array.from({ length: 200 }, () => new RoundRobinBalancer().pick(instances).instance.address);
    expect(new Set(starts).size).toBe(4);
  });

  it('rotates each array by itself', () => {
    const balancer = new RoundRobinBalancer();
    const [a, b] = [several(2), several(2)];
    const [first] = picks(balancer, a, 1);
    picks(balancer, b, 3);
    expect(picks(balancer, a, 1)).not.toEqual([first]);
  });

  it('hands out the same pick for the same instance', () => {
    const balancer = new RoundRobinBalancer();
    const [only] = [several(1)];
    expect(balancer.pick(only)).toBe(balancer.pick(only));
    expect(Object.isFrozen(balancer.pick(only))).toBe(true);
  });

  it('copes with an array that became shorter or longer', () => {
    const balancer = new RoundRobinBalancer();
    const instances = several(5);
    picks(balancer, instances, 4);
    instances.length = 2;
    expect(picks(balancer, instances, 4).every((address) => ['h:0', 'h:1'].includes(address))).toBe(true);
    instances.push(...several(4).slice(2));
    expect(new Set(picks(balancer, instances, 8)).size).toBe(4);
  });

  it('refuses an empty array with E0000000602', () => {
    expect(() => new RoundRobinBalancer().pick([])).toThrow(expect.objectContaining({ code: 'E0000000602' }));
  });
});
