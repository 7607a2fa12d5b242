import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import type { PortOptions } from './port-listener.js';

/** For who listens although the options say that the application does not. */
const DEFAULT_TIMES = { handshakeTimeoutMs: 10_000, requestTimeoutMs: 300_000 } as const;

/** What the options of a mesh say to its port. */
export function portOptionsOf({ grpc, limits, listen }: ResolvedMeshOptions): PortOptions {
  const { handshakeTimeoutMs, requestTimeoutMs } = listen || DEFAULT_TIMES;
  return { grpc, limits, handshakeTimeoutMs, requestTimeoutMs };
}
