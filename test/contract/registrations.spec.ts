import { resolveMeshOptions } from '../../lib/options/resolve-options.js';
import { MemoryRegistrations } from '../../lib/registry/memory/memory-registrations.js';
import { registrationsContract } from './registrations.contract.js';

registrationsContract('memory', (registry) => new MemoryRegistrations(resolveMeshOptions({ node: { registry } }, {})));
