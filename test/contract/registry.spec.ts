import { resolveMeshOptions } from '../../lib/options/resolve-options.js';
import { StaticRegistry } from '../../lib/registry/static/static-registry.js';
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
