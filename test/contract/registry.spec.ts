import { resolveMeshOptions } from '../../lib/options/resolve-options.js';
import { MemoryRegistrations } from '../../lib/registry/memory/memory-registrations.js';
import { MeshRegistrations } from '../../lib/registry/mesh-registrations.js';
import { RegisteredRegistry } from '../../lib/registry/registered/registered-registry.js';
import { StaticRegistry } from '../../lib/registry/static/static-registry.js';
import { registrationOf } from '../support/registration-fixtures.js';
import { registryContract } from './registry.contract.js';

registryContract('static', () => {
  const facts = {
    service: 'mesh.trust.apply',
    nodeId: 'LX0000010000280',
    addresses: ['a:1', 'b:2'],
    strangerId: 'LX9',
  };
  const { service, nodeId, addresses } = facts;
  const options = resolveMeshOptions({ services: [{ service, nodeId, addresses }] }, {});
  return { ...facts, registry: new StaticRegistry(options) };
});

registryContract('registered', async () => {
  const facts = {
    service: 'mesh.trust.apply',
    nodeId: 'LX0000010000280',
    addresses: ['a:1', 'b:2'],
    strangerId: 'LX9',
  };
  const { service, nodeId, addresses } = facts;
  const options = resolveMeshOptions({ nodeId, node: {} }, {});
  const registrations = new MemoryRegistrations(options);
  for (const address of addresses) await registrations.put(registrationOf(address, [service]));
  const used = new MeshRegistrations(() => registrations);
  return { ...facts, registry: new RegisteredRegistry(options, used, new StaticRegistry(options)) };
});
