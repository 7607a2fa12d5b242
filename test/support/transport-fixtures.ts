import { Cancellation } from '../../lib/context/cancellation.js';
import { MeshError } from '../../lib/errors/mesh-error.js';
import type { ResolvedMeshOptions } from '../../lib/options/mesh-options.js';
import { resolveMeshOptions } from '../../lib/options/resolve-options.js';
import type { OutboundCall, WireHeaders } from '../../lib/transport/transport.js';

/** The options of a mesh as the transports see them: small limits and short times, for tests. */
export function transportOptions(
  grpc: Partial<ResolvedMeshOptions['grpc']> = {},
  limits: Partial<ResolvedMeshOptions['limits']> = {},
): ResolvedMeshOptions {
  return {
    name: 'test',
    nodeId: 'LX0000000000000',
    instId: 'JG0000000000000000',
    domain: 'trustbe.cn',
    listen: false,
    addresses: [],
    services: [],
    subset: '',
    timeoutMs: 2_000,
    drainTimeoutMs: 1_000,
    use: {},
    direct: [],
    limits: { maxMessageBytes: 2 * 1024 * 1024, maxDepth: 64, ...limits },
    retry: { retries: 2, minDelayMs: 5, maxDelayMs: 50 },
    grpc: {
      connections: 1,
      idleTimeoutMs: 60_000,
      keepaliveTimeMs: 30_000,
      keepaliveTimeoutMs: 10_000,
      reconnectMinMs: 10,
      reconnectMaxMs: 50,
      mode: 'unary',
      ...grpc,
    },
    sessions: resolveMeshOptions({}, {}).sessions,
  };
}

/** What a test may say of a call. */
export interface CallInit {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly timeoutMs?: number;
  readonly cancellation?: Cancellation;
}

/** A call to make through a connection; its path is `/echo` unless said otherwise. */
export function outbound(init: CallInit = {}): OutboundCall {
  return {
    path: init.path ?? '/echo',
    headers: Object.assign(Object.create(null) as Record<string, string>, init.headers) as WireHeaders,
    body: init.body ?? Buffer.from('hello'),
    deadline: Date.now() + (init.timeoutMs ?? 2_000),
    cancellation: init.cancellation ?? new Cancellation(),
  };
}

/** The MeshError that a promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<MeshError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && outcome.error instanceof MeshError) return outcome.error;
  throw new Error('expected a MeshError', { cause: outcome });
}

/** Waits until a condition holds, for a second at most. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 1_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`did not happen within a second: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
