/**
 * By what a node is spoken to: one of the transports, or `auto`, which is gRPC until the node has shown that it speaks our TCP
 * protocol, too.
 */
export type PeerTransport = 'auto' | 'grpc' | 'http' | 'tcp';

/** Every {@link PeerTransport}. */
export const PEER_TRANSPORTS: readonly PeerTransport[] = ['auto', 'grpc', 'http', 'tcp'];

/** By what a node is spoken to when nobody says. */
export const DEFAULT_PEER_TRANSPORT: PeerTransport = 'auto';

/** Whose paths and messages go over a transport: HTTP has its own, and all others have those of gRPC. */
export function wireOf(transport: PeerTransport): 'grpc' | 'http' {
  return transport === 'http' ? 'http' : 'grpc';
}
