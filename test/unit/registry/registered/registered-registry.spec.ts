import { beforeEach, describe, expect, it } from 'vitest';
import type { MeshOptions } from '../../../../lib/options/mesh-options.js';
import { resolveMeshOptions } from '../../../../lib/options/resolve-options.js';
import { MemoryRegistrations } from '../../../../lib/registry/memory/memory-registrations.js';
import { MeshRegistrations } from '../../../../lib/registry/mesh-registrations.js';
import { RegisteredRegistry } from '../../../../lib/registry/registered/registered-registry.js';
import type { CallTarget, Instance } from '../../../../lib/registry/registry.js';
import { StaticRegistry } from '../../../../lib/registry/static/static-registry.js';
import { registrationOf, serviceOf } from '../../../support/registration-fixtures.js';

const SERVICE = 'mesh.trust.apply';
const URN = 'apply.trust.mesh.0001000000000000000000000000000000000.lx0000000000000.trustbe.cn';
const NODE = 'LX0000010000280';
const INST = 'JG0100002800000000';

describe('RegisteredRegistry', () => {
  let registrations: MemoryRegistrations;
  let registry: RegisteredRegistry;

  function make(options: MeshOptions = {}, env: NodeJS.ProcessEnv = {}): void {
    const resolved = resolveMeshOptions({ nodeId: NODE, instId: INST, node: {}, ...options }, env);
    registrations = new MemoryRegistrations(resolved);
    const used = new MeshRegistrations(() => registrations);
    registry = new RegisteredRegistry(resolved, used, new StaticRegistry(resolved));
  }

  const resolve = (target: CallTarget = {}, self?: Instance): readonly Instance[] =>
    registry.resolve({ service: SERVICE, target, self });
  const addresses = (target: CallTarget = {}): string[] => resolve(target).map(({ address }) => address);

  beforeEach(() => make());

  it('says how an instance is reached, and where it belongs', async () => {
    const services = [serviceOf({ urn: URN, proto: 'http', attrs: { 'mesh-subset': 'blue' } })];
    await registrations.put(registrationOf('a:1', [], { services, attachments: { 'mesh-subset': 'green' } }));
    await registrations.put(registrationOf('b:2', [SERVICE], { attachments: { 'mesh-subset': 'green' } }));
    expect(resolve()).toEqual([
      { address: 'a:1', transport: 'http', nodeId: NODE, instId: INST, subset: 'blue' },
      { address: 'b:2', transport: 'auto', nodeId: NODE, instId: INST, subset: 'green' },
    ]);
  });

  it('takes a service that names no transport known for one of gRPC', async () => {
    await registrations.put(registrationOf('a:1', [], { services: [serviceOf({ urn: URN, proto: 'toString' })] }));
    expect(resolve()).toMatchObject([{ transport: 'auto' }]);
  });

  it('goes before the services of the options, which go on serving what nobody has registered', async () => {
    make({ services: [{ service: 'mesh.*', addresses: ['static:1'] }] });
    expect(addresses()).toEqual(['static:1']);
    await registrations.put(registrationOf('a:1', [SERVICE]));
    expect(addresses()).toEqual(['a:1']);
    await registrations.remove({ instanceId: 'a:1' });
    expect(addresses()).toEqual(['static:1']);
  });

  it('goes behind the rules of MESH_DIRECT', async () => {
    make({}, { MESH_DIRECT: 'mesh.trust=direct:1' });
    await registrations.put(registrationOf('a:1', [SERVICE]));
    expect(addresses()).toEqual(['direct:1']);
  });

  it('adds this very process, if it is meant', async () => {
    await registrations.put(registrationOf('a:1', [SERVICE]));
    const self: Instance = { address: 'self', transport: '(self)', nodeId: NODE, instId: INST, subset: '' };
    const found = resolve({}, self);
    expect(found.map(({ address }) => address)).toEqual(['a:1', 'self']);
    expect(resolve({ nodeId: NODE.toLowerCase() }, self)).toBe(found);
  });

  it('takes an instance that names another node for calls to that node only', async () => {
    const services = [serviceOf({ urn: URN, node: 'LX7', inst: 'JG7' })];
    await registrations.put(registrationOf('a:1', [], { services }));
    await registrations.put(registrationOf('b:2', [SERVICE]));
    expect(addresses()).toEqual(['b:2']);
    expect(resolve({ nodeId: 'lx7' })).toMatchObject([{ address: 'a:1', nodeId: 'LX7', instId: 'JG7' }]);
    expect(addresses({ instId: 'JG7' })).toEqual(['a:1']);
    expect(() => resolve({ nodeId: 'LX8' })).toThrow(/'LX8' is not in the network/);
  });

  it('reaches an address asked for as it was registered, whatever its subset', async () => {
    const services = [serviceOf({ urn: URN, proto: 'http', attrs: { 'mesh-subset': 'blue' } })];
    await registrations.put(registrationOf('a:1', [], { services }));
    expect(resolve({ address: 'a:1' })).toMatchObject([{ address: 'a:1', transport: 'http', subset: '*' }]);
    expect(resolve({ address: 'a:1' })).toBe(resolve({ address: 'a:1' }));
    expect(addresses({ address: 'z:9' })).toEqual(['z:9']);
  });

  it('names an instance once that provides several versions of a service', async () => {
    const services = [serviceOf({ urn: URN, version: '1.0.0' }), serviceOf({ urn: URN, version: '2.0.0' })];
    await registrations.put(registrationOf('a:1', [], { services }));
    expect(addresses()).toEqual(['a:1']);
  });

  it('answers the same array until a registration changes', async () => {
    await registrations.put(registrationOf('a:1', [SERVICE]));
    const before = resolve();
    await registrations.put(registrationOf('a:1', [SERVICE]));
    await registrations.put(registrationOf('b:2', ['mesh.office.print']));
    expect(resolve()).toBe(before);
    await registrations.put(registrationOf('c:3', [SERVICE]));
    expect(addresses()).toEqual(['a:1', 'c:3']);
  });
});
