import type { Observable } from 'rxjs';
import { Cancellation } from '../../lib/context/cancellation.js';
import type { MeshContext } from '../../lib/context/mesh-context.js';
import { StreamDesk, type StreamDeskParts } from '../../lib/nest/passive/stream-desk.js';
import type { StreamHandler } from '../../lib/nest/passive/stream-handler.js';
import { StreamTable } from '../../lib/nest/passive/stream-table.js';
import { resolveMeshOptions } from '../../lib/options/resolve-options.js';
import type { SessionRequest } from '../../lib/protocol/session-call.js';
import { LocalPort } from '../../lib/session/handle/local-port.js';
import { MeshSessions } from '../../lib/session/handle/mesh-sessions.js';
import type { ReceivedMessage } from '../../lib/session/handle/received-message.js';
import { MemorySessionStore } from '../../lib/session/memory/memory-session-store.js';
import { SessionService } from '../../lib/session/session-service.js';

/** What a handler of a test does with its stream. */
export type Serve = (inbound: Observable<ReceivedMessage>, context: MeshContext) => unknown;

/** A handler of streams; by default it ends at once. */
export function handlerOf(settings: Partial<StreamHandler> = {}, serve: Serve = () => undefined): StreamHandler {
  return {
    topic: 'chat',
    replyTopic: 'reply',
    splitting: undefined,
    prefetch: 16,
    idleTimeoutMs: undefined,
    timeoutMs: 1_000,
    maxMessages: 16,
    maxBytes: 1_024,
    provider: 'Test.chat',
    invoke: async (inbound, context, consume) => consume(await serve(inbound, context)),
    ...settings,
  };
}

/** A desk, with the store that it watches, and sessions upon that. */
export function openDesk(handlers: readonly StreamHandler[], parts: Partial<StreamDeskParts> = {}) {
  const options = resolveMeshOptions({ sessions: { maxQueueMessages: 8 } }, {});
  const store = new MemorySessionStore(options);
  const service = new SessionService(store, options);
  const port = new LocalPort(service, options);
  const refuse = (): never => {
    throw new Error('no other node is to be called');
  };
  const sessions = new MeshSessions({ own: options, maxMessageBytes: 1_024, local: () => port, remote: refuse });
  const table = new StreamTable();
  for (const handler of handlers) table.add(handler);
  const desk = new StreamDesk({
    table,
    own: options,
    store,
    sessions,
    maxStreams: 4,
    maxWaiting: 100,
    idleTimeoutMs: 60_000,
    drainTimeoutMs: 1_000,
    ...parts,
  });
  service.onPush(desk.pushed);
  service.onRelease(desk.released);
  return { desk, store, service, sessions };
}

/** A push as it comes from somebody whose client is none of ours: without a message id. */
export function foreignPush(session: string, topic: string, text: string): SessionRequest {
  return {
    operation: 'push',
    session,
    topic,
    payload: Buffer.from(text),
    timeoutMs: undefined,
    metadata: {},
    messageId: '',
    parties: { sourceNodeId: '', sourceInstId: '', targetNodeId: '', targetInstId: '' },
    traceId: '',
    token: '',
    providerCode: '',
  };
}

/** Waits for nothing. */
export function noWait() {
  return { deadline: Date.now() + 1_000, cancellation: new Cancellation() };
}
