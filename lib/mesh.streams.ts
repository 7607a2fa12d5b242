import type { JoinedSessions } from './mesh.sessions.js';
import { StreamDesk } from './nest/passive/stream-desk.js';
import type { StreamTable } from './nest/passive/stream-table.js';
import type { ResolvedMeshOptions } from './options/mesh-options.js';
import { MeshSessions } from './session/handle/mesh-sessions.js';

/** Begins streams for the handlers of a table, as messages arrive in the sessions of a mesh. */
export function joinStreams(table: StreamTable, joined: JoinedSessions, options: ResolvedMeshOptions): StreamDesk {
  const { store, service, local, remote } = joined;
  const { maxStreams, maxMessages, idleTimeoutMs } = options.sessions;
  const { maxMessageBytes } = options.limits;
  const desk = new StreamDesk({
    table,
    own: options,
    store,
    sessions: new MeshSessions({ own: options, maxMessageBytes, local: () => local, remote }),
    maxStreams,
    // Each of them has a message in the store, or had one.
    maxWaiting: maxMessages,
    idleTimeoutMs,
    drainTimeoutMs: options.drainTimeoutMs,
  });
  service.onPush(desk.pushed);
  service.onRelease(desk.released);
  return desk;
}
