import { describe, expect, it } from 'vitest';
import type { MeshOptions } from '../../../../lib/options/mesh-options.js';
import { resolveMeshOptions } from '../../../../lib/options/resolve-options.js';
import type { CallTarget, Instance } from '../../../../lib/registry/registry.js';
import { StaticRegistry } from '../../../../lib/registry/static/static-registry.js';

const SERVICE = 'mesh.trust.apply';
const OWN = { nodeId: 'LXOWN', instId: 'JGOWN' };
const SELF: Instance = { address: 'self:1', nodeId: 'LXOWN', instId: 'JGOWN', subset: '' };

function registry(options: MeshOptions = {}, direct = ''): StaticRegistry {
  return new StaticRegistry(resolveMeshOptions({ ...OWN, ...options }, { MESH_DIRECT: direct }));
}

function addresses(from: StaticRegistry, target: CallTarget = {}, service = SERVICE, self?: Instance): string[] {
  return from.resolve({ service, target, self }).map(({ address }) => address);
}

describe('StaticRegistry: an address in the call', () => {
  it('goes before everything else', () => {
    const services = [{ service: '*', addresses: ['s:1'] }];
    const from = registry({ services, addresses: ['n:1'] }, `${SERVICE}=d:1`);
    expect(addresses(from, { address: 'x:9' }, SERVICE, SELF)).toEqual(['x:9']);
    expect(addresses(from, { address: 'x:9', nodeId: 'LXSTRANGER' })).toEqual(['x:9']);
  });

  it('is completed with port 570', () => {
    expect(addresses(registry(), { address: '[::1]' })).toEqual(['[::1]:570']);
  });

  it('is reached as its configuration says, and serves every subset', () => {
    const services = [{ service: 'other', addresses: ['x:9'], transport: 'memory', nodeId: 'LX1', subset: 'gray' }];
    const found = registry({ services }).resolve({ service: SERVICE, target: { address: 'x:9' }, self: undefined });
    expect(found).toEqual([{ address: 'x:9', transport: 'memory', nodeId: 'LX1', instId: '', subset: '*' }]);
  });

  it('is refused with E0000000619 when it is none', () => {
    const resolve = () => addresses(registry(), { address: 'x:y' });
    expect(resolve).toThrow(expect.objectContaining({ code: 'E0000000619' }));
    expect(resolve).toThrow("the target's address must be host:port, got 'x:y'");
  });

  it('is the same array again, and however many there are, none is lost', () => {
    const from = registry();
    const resolve = (port: number) =>
      from.resolve({ service: SERVICE, target: { address: `x:${port}` }, self: undefined });
    expect(resolve(1)).toBe(resolve(1));
    for (let port = 1; port <= 3_000; port++) expect(resolve(port)[0]?.address).toBe(`x:${port}`);
    expect(resolve(1)[0]?.address).toBe('x:1');
  });
});

describe('StaticRegistry: MESH_DIRECT', () => {
  it('goes before services, this process and nodes', () => {
    const from = registry({ services: [{ service: SERVICE, addresses: ['s:1'] }], addresses: ['n:1'] }, 'mesh.tru=d:1');
    expect(addresses(from, {}, SERVICE, SELF)).toEqual(['d:1']);
    expect(addresses(from, {}, 'mesh.net.environ')).toEqual(['n:1']);
  });

  it('takes the first rule that fits, not the closest', () => {
    expect(addresses(registry({}, `mesh=a:1,${SERVICE}=b:1`))).toEqual(['a:1']);
    expect(addresses(registry({}, `${SERVICE}=b:1,mesh=a:1`))).toEqual(['b:1']);
  });

  it('fits a prefix letter by letter, with case, at any node', () => {
    const from = registry({ addresses: ['n:1'] }, 'mesh.tr=d:1');
    expect(addresses(from, { nodeId: 'LXANY' })).toEqual(['d:1']);
    expect(addresses(from, {}, 'Mesh.trust.apply')).toEqual(['n:1']);
  });

  it('fits every service with an empty prefix', () => {
    expect(addresses(registry({}, '=d:1'), {}, 'anything.at.all')).toEqual(['d:1']);
  });

  it('fits a name with a node exactly, the case of the node aside', () => {
    const from = registry({ addresses: ['n:1'] }, `${SERVICE}@lxOther=d:1`);
    expect(addresses(from, { nodeId: 'LXOTHER' })).toEqual(['d:1']);
    expect(addresses(from, { nodeId: 'LXOTHER' }, 'mesh.trust.apply.more')).toEqual(['n:1']);
    expect(addresses(from, { nodeId: 'LXTHIRD' })).toEqual(['n:1']);
    expect(addresses(from)).toEqual(['n:1']);
  });

  it('takes a call without a target as one to this node', () => {
    const from = registry({}, `${SERVICE}@LXOWN=d:1`);
    expect(addresses(from)).toEqual(['d:1']);
    expect(addresses(from, { instId: 'jgown' })).toEqual(['d:1']);
  });

  it('takes an institution for the node when a call names only that', () => {
    expect(addresses(registry({}, `${SERVICE}@JG7=d:1`), { instId: 'jg7' })).toEqual(['d:1']);
  });

  it('reaches calls to every subset', () => {
    const [found] = registry({}, '=d:1').resolve({ service: SERVICE, target: { subset: 'gray' }, self: undefined });
    expect(found?.subset).toBe('*');
  });
});

describe('StaticRegistry: services', () => {
  it('prefers an exact name to a prefix, and a long prefix to a short one, in whatever order they are given', () => {
    const services = [
      { service: '*', addresses: ['all:1'] },
      { service: 'mesh.*', addresses: ['mesh:1'] },
      { service: SERVICE, addresses: ['exact:1'] },
      { service: 'mesh.trust.*', addresses: ['trust:1'] },
    ];
    for (const order of [services, services.toReversed()]) {
      const from = registry({ services: order });
      expect(addresses(from)).toEqual(['exact:1']);
      expect(addresses(from, {}, 'mesh.trust.verify')).toEqual(['trust:1']);
      expect(addresses(from, {}, 'mesh.net.environ')).toEqual(['mesh:1']);
      expect(addresses(from, {}, 'mesh')).toEqual(['all:1']);
    }
  });

  it('ends a prefix at a dot', () => {
    expect(
      addresses(registry({ services: [{ service: 'mesh.trust.*', addresses: ['a:1'] }] }), {}, 'mesh.trustee.x'),
    ).toEqual([]);
  });

  it('adds entries of the same name together', () => {
    const services = [
      { service: SERVICE, addresses: ['a:1', 'b:1'], subset: 'blue' },
      { service: SERVICE, addresses: ['c:1'], subset: 'gray', transport: 'memory' },
    ];
    expect(registry({ services }).resolve({ service: SERVICE, target: {}, self: undefined })).toEqual([
      { address: 'a:1', nodeId: '', instId: '', subset: 'blue' },
      { address: 'b:1', nodeId: '', instId: '', subset: 'blue' },
      { address: 'c:1', nodeId: '', instId: '', subset: 'gray', transport: 'memory' },
    ]);
  });

  it('goes before this process and before nodes', () => {
    const from = registry({ services: [{ service: SERVICE, addresses: ['s:1'] }], addresses: ['n:1'] });
    expect(addresses(from, {}, SERVICE, SELF)).toEqual(['s:1']);
  });

  it('keeps calls to one node or institution apart', () => {
    const services = [
      { service: SERVICE, addresses: ['open:1'] },
      { service: SERVICE, addresses: ['one:1'], nodeId: 'LX1' },
      { service: SERVICE, addresses: ['two:1'], instId: 'JG2' },
      { service: SERVICE, addresses: ['three:1'], nodeId: 'LX3', instId: 'JG3' },
    ];
    const from = registry({ services });
    expect(addresses(from)).toEqual(['open:1']);
    expect(addresses(from, { nodeId: 'lx1' })).toEqual(['one:1']);
    expect(addresses(from, { instId: 'jg2' })).toEqual(['two:1']);
    expect(addresses(from, { nodeId: 'LX3' })).toEqual(['three:1']);
    expect(addresses(from, { instId: 'JG3' })).toEqual(['three:1']);
    expect(addresses(from, { nodeId: 'LX3', instId: 'JG3' })).toEqual(['three:1']);
    expect(addresses(from, { nodeId: 'LX3', instId: 'JG1' })).toEqual(['open:1']);
  });

  it('takes what belongs to this node for calls without a target', () => {
    const services = [{ service: SERVICE, addresses: ['own:1'], nodeId: 'lxown' }];
    expect(addresses(registry({ services }))).toEqual(['own:1']);
  });
});

describe('StaticRegistry: this process and nodes', () => {
  it('takes this process before nodes, always as the same array', () => {
    const from = registry({ addresses: ['n:1'] });
    const query = { service: SERVICE, target: {}, self: SELF };
    expect(from.resolve(query)).toEqual([SELF]);
    expect(from.resolve(query)).toBe(from.resolve({ ...query }));
  });

  it('takes nodes for what is configured nowhere, for any target and subset', () => {
    const from = registry({ addresses: ['n:1', 'n:2'] });
    expect(addresses(from, { nodeId: 'LXANY', instId: 'JGANY' })).toEqual(['n:1', 'n:2']);
    expect(from.resolve({ service: SERVICE, target: {}, self: undefined }).every(({ subset }) => subset === '*')).toBe(
      true,
    );
  });

  it('finds nobody when nothing is configured', () => {
    expect(addresses(registry())).toEqual([]);
  });

  it('takes this node as no target at all, in whole or in part', () => {
    const from = registry();
    for (const target of [
      { nodeId: 'lxown' },
      { instId: 'jgOWN' },
      { nodeId: 'LXOWN', instId: 'JGOWN' },
      { nodeId: '' },
    ]) {
      expect(addresses(from, target)).toEqual([]);
    }
  });
});

describe('StaticRegistry: strangers', () => {
  it.each<[CallTarget, string]>([
    [{ nodeId: 'LX9' }, "node 'LX9' is not in the network"],
    [{ instId: 'JG9' }, "institution 'JG9' is not in the network"],
    [{ nodeId: 'LX1', instId: 'JG9' }, "node 'LX1' of institution 'JG9' is not in the network"],
    [{ nodeId: 'LXOWN', instId: 'JG9' }, "node 'LXOWN' of institution 'JG9' is not in the network"],
  ])('refuses %j with E0000000618', (target, sentence) => {
    const from = registry({ services: [{ service: 'other', addresses: ['a:1'], nodeId: 'LX1', instId: 'JG1' }] });
    expect(() => addresses(from, target)).toThrow(expect.objectContaining({ code: 'E0000000618' }));
    expect(() => addresses(from, target)).toThrow(sentence);
  });

  it('finds nobody, but refuses nothing, at a node that provides another service', () => {
    const services = [{ service: 'other', addresses: ['a:1'], nodeId: 'LX1' }];
    expect(addresses(registry({ services }), { nodeId: 'LX1' })).toEqual([]);
    expect(addresses(registry({}, 'other@LX2=a:1'), { nodeId: 'lx2' })).toEqual([]);
  });

  it('does not count services that are open to any node as knowing one', () => {
    const from = registry({ services: [{ service: 'other', addresses: ['a:1'] }] });
    expect(() => addresses(from, { nodeId: 'LX1' })).toThrow(expect.objectContaining({ code: 'E0000000618' }));
  });
});

describe('StaticRegistry: its memory', () => {
  it('answers the same frozen array of frozen instances to the same question', () => {
    const from = registry({ services: [{ service: 'mesh.*', addresses: ['a:1'] }] });
    const first = from.resolve({ service: SERVICE, target: { nodeId: 'LX1' }, self: undefined });
    expect(from.resolve({ service: SERVICE, target: { nodeId: 'LX1', subset: 'gray' }, self: undefined })).toBe(first);
    expect(Object.isFrozen(first)).toBe(true);
    expect(first.every((one) => Object.isFrozen(one))).toBe(true);
  });

  it('forgets rather than grow without bound, and answers as before', () => {
    const from = registry({ services: [{ service: 'mesh.*', addresses: ['a:1'] }] });
    const resolve = () => from.resolve({ service: SERVICE, target: {}, self: undefined });
    const first = resolve();
    for (let at = 0; at < 5_000; at++) addresses(from, { nodeId: `LX${at}` });
    expect(resolve()).not.toBe(first);
    expect(resolve()).toEqual(first);
  });
});
