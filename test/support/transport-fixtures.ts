import { Cancellation } from '../../lib/context/cancellation.js';
import { MeshError } from '../../lib/errors/mesh-error.js';
import type { ListenOptions } from '../../lib/options/listen-options.js';
import type {
  GrpcTransportOptions,
  HttpTransportOptions,
  LimitOptions,
  ResolvedMeshOptions,
  TcpTransportOptions,
} from '../../lib/options/mesh-options.js';
import { resolveMeshOptions } from '../../lib/options/resolve-options.js';
import type { OutboundCall, WireHeaders } from '../../lib/transport/transport.js';

/** The options of a mesh as the transports see them: small limits and short times, for tests. */
export function transportOptions(
  grpc: GrpcTransportOptions = {},
  limits: LimitOptions = {},
  listen: ListenOptions = {},
  http: HttpTransportOptions = {},
  tcp: TcpTransportOptions = {},
): ResolvedMeshOptions {
  const quick = { reconnectMinMs: 10, reconnectMaxMs: 50, ...grpc };
  const maxMessageBytes = limits.maxMessageBytes ?? 2 * 1024 * 1024;
  const { reconnectMinMs, reconnectMaxMs } = quick;
  const options = resolveMeshOptions(
    {
      grpc: quick,
      tcp: { reconnectMinMs, reconnectMaxMs, ...tcp },
      limits: { ...limits, maxMessageBytes },
      listen,
      http,
    },
    {},
  );
  // A transport knows bodies only: what it is told of their largest is the limit that is tested.
  return { ...options, limits: { ...options.limits, maxBodyBytes: maxMessageBytes } };
}

/** What a test may say of a call. */
export interface CallInit {
  readonly path?: string;
  readonly series?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly timeoutMs?: number;
  readonly cancellation?: Cancellation;
}

/** A call to make through a connection; its path is `/echo`, and its series that of all others, unless said otherwise. */
export function outbound(init: CallInit = {}): OutboundCall {
  return {
    path: init.path ?? '/echo',
    series: init.series ?? '',
    headers: Object.assign(Object.create(null) as Record<string, string>, init.headers) as WireHeaders,
    body: init.body ?? Buffer.from('hello'),
    deadline: Date.now() + (init.timeoutMs ?? 10_000),
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
