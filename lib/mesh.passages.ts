import { BALANCER } from './balance/balancer.js';
import type { ExtensionRegistry } from './kernel/extension-registry.js';
import { PathGateway } from './node/gateway/passage/path-gateway.js';
import type { ResolvedMeshOptions } from './options/mesh-options.js';
import type { Registrations } from './registry/registrations.js';
import { ConnectionPool } from './transport/connection-pool.js';
import type { OnwardConnection } from './transport/onward.js';
import { OnwardDial } from './transport/passage/onward-dial.js';
import type { Acceptor } from './transport/transport.js';

/** What hands requests on to instances that have registered paths. */
export interface JoinedPassages {
  /** Finds what serves a registered path; nothing in an application that is no node. */
  readonly accept: Acceptor;
  /** Waits for the requests under way, and closes the connections to instances. */
  close(): Promise<void>;
  /** Closes the connections at once. */
  destroy(): void;
}

/**
 * Joins what is registered to what hands requests on.
 *
 * @throws MeshError E0000000400 when the certificates of `grpc.tls` or `http.tls` cannot be read or used
 */
export function joinPassages(
  extensions: ExtensionRegistry,
  options: ResolvedMeshOptions,
  registrations: Registrations,
): JoinedPassages {
  if (!options.node) return { accept: () => undefined, close: () => Promise.resolve(), destroy: () => undefined };
  const onward = new OnwardDial(options);
  const pool = new ConnectionPool<OnwardConnection>(
    (wire, address) => onward.dial(wire === 'grpc' ? 'grpc' : 'http', address),
    { idleTimeoutMs: options.grpc.idleTimeoutMs },
  );
  const gateway = new PathGateway({
    registrations,
    balancer: extensions.get(BALANCER),
    own: options,
    connection: (transport, address) => pool.get({ transport, address }),
  });
  return { accept: gateway.accept, close: () => pool.close(), destroy: () => pool.destroy() };
}
