import { CODEC } from './codec/codec.js';
import { fieldFormats } from './codec/formats.js';
import type { ExtensionRegistry } from './kernel/extension-registry.js';
import { MeshCode } from './errors/mesh-code.js';
import { MeshError } from './errors/mesh-error.js';
import { ForwardPort } from './node/forward-port.js';
import { NodeEndpoint } from './node/node-endpoint.js';
import type { Partners } from './node/partners/partners.js';
import { DEFAULT_PEER_TRANSPORT, type PeerTransport, wireOf } from './options/peer-transport.js';
import type { ResolvedMeshOptions } from './options/mesh-options.js';
import { DIALECT } from './protocol/dialect.js';
import { ConversationPool } from './session/conversation/conversation-pool.js';
import { LocalPort } from './session/handle/local-port.js';
import type { SessionNode } from './session/handle/mesh-sessions.js';
import { RemotePort } from './session/handle/remote-port.js';
import type { SessionPort } from './session/handle/session-port.js';
import { SessionEndpoint } from './session/session-endpoint.js';
import { SessionService } from './session/session-service.js';
import { SESSION_STORE, type SessionStore } from './session/store.js';
import type { ConnectionPool } from './transport/connection-pool.js';
import type { Acceptor } from './transport/transport.js';

/** The sessions of one mesh, put together. */
export interface JoinedSessions {
  readonly store: SessionStore;
  /** Serves calls out of the store, and tells of them. */
  readonly service: SessionService;
  /** Serves the session API on the wire. */
  readonly endpoint: SessionEndpoint;
  /** Finds what serves a path between nodes. */
  readonly nodes: Acceptor;
  /** Carries session calls and what is forwarded on streams. */
  readonly conversations: ConversationPool;
  /** The store of this process, for handles. */
  readonly local: SessionPort;
  /** A node elsewhere, for handles. */
  remote(node: SessionNode): SessionPort;
}

/** Joins the store, the dialects, the codecs and the partners found in the application to what serves and calls the session API. */
export function joinSessions(
  extensions: ExtensionRegistry,
  options: ResolvedMeshOptions,
  pool: ConnectionPool,
  partners: Partners,
): JoinedSessions {
  const store = extensions.get(SESSION_STORE);
  const formats = fieldFormats(extensions.all(CODEC));
  const conversations = new ConversationPool(formats);
  const elsewhere = new ForwardPort({ formats, pool, conversations, own: options, partners });
  const service = new SessionService(store, options);
  const local = new LocalPort(service, options, elsewhere);
  const dialects = extensions.all(DIALECT);
  const fallback = extensions.get(DIALECT);
  const endpoint = new SessionEndpoint({ dialects, fallback, formats, port: local });
  const nodes = new NodeEndpoint({ sessions: endpoint, dialect: fallback, formats }).accept;
  const remote = (node: SessionNode) => {
    const { address, transport = DEFAULT_PEER_TRANSPORT, via, dialect: name = 'standard', contentType } = node;
    const connection = () => pool.get({ address, transport });
    const dialect = extensions.get(DIALECT, name);
    if (via === 'transport') {
      return conversations.port({ address, transport: streaming(transport), name, dialect, connection });
    }
    const type = contentType ?? 'application/x-protobuf';
    return new RemotePort({ connection, wire: wireOf(transport), dialect, contentType: type }, formats);
  };
  return { store, service, endpoint, nodes, local, remote, conversations };
}

/** A transport that has streams. */
function streaming(transport: PeerTransport): PeerTransport {
  if (transport !== 'http') return transport;
  throw new MeshError(
    MeshCode.INVALID_REQUEST,
    "a node is not spoken to via 'transport' over HTTP, which has no streams",
  );
}
