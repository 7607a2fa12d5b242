import { CODEC } from './codec/codec.js';
import { fieldFormats } from './codec/formats.js';
import type { ExtensionRegistry } from './kernel/extension-registry.js';
import { joinPartners } from './mesh.node.js';
import { NodeEndpoint } from './node/node-endpoint.js';
import type { ResolvedMeshOptions } from './options/mesh-options.js';
import { DIALECT } from './protocol/dialect.js';
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
  /** Finds what serves a path of the session API, or one between nodes. */
  readonly accept: Acceptor;
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
): JoinedSessions {
  const store = extensions.get(SESSION_STORE);
  const formats = fieldFormats(extensions.all(CODEC));
  const elsewhere = joinPartners(extensions, options, formats, pool);
  const service = new SessionService(store, options);
  const local = new LocalPort(service, options, elsewhere);
  const dialects = extensions.all(DIALECT);
  const fallback = extensions.get(DIALECT);
  const endpoint = new SessionEndpoint({ dialects, fallback, formats, port: local });
  const node = new NodeEndpoint({ sessions: endpoint, dialect: fallback, formats });
  const accept: Acceptor = (path) => endpoint.accept(path) ?? node.accept(path);
  const remote = ({ address, transport, dialect, contentType }: SessionNode): SessionPort =>
    new RemotePort(
      {
        connection: () => pool.get({ address, transport }),
        wire: transport ?? 'grpc',
        dialect: extensions.get(DIALECT, dialect ?? 'standard'),
        contentType: contentType ?? 'application/x-protobuf',
      },
      formats,
    );
  return { store, service, endpoint, accept, local, remote };
}
