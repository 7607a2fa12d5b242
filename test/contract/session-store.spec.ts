import { resolveMeshOptions } from '../../lib/options/resolve-options.js';
import { MemorySessionStore } from '../../lib/session/memory/memory-session-store.js';
import { sessionStoreContract } from './session-store.contract.js';

sessionStoreContract('memory', async (sessions) => new MemorySessionStore(resolveMeshOptions({ sessions }, {})));
