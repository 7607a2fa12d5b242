import type { BuiltinOptions, ResolvedBuiltinOptions } from './builtin-options.js';
import type { DialTlsOptions } from './dial-options.js';
import type { ListenOptions, MountOptions, ResolvedListener, ResolvedMount } from './listen-options.js';
import type { NodeOptions, RegistryOptions, ResolvedNode, ResolvedRegistry } from './node-options.js';
import type { PartnerOptions, ResolvedPartner } from './partner-options.js';

/** A service found at fixed addresses. */
export interface StaticServiceOptions {
  /** Service name such as `mesh.trust.apply`, or a prefix ending in `.*` such as `mesh.trust.*`. */
  service: string;
  /** `host:port` of each instance; several are balanced. A missing port is 570. */
  addresses: readonly string[];
  /** Only calls to this node go there. Default: calls to any node. */
  nodeId?: string;
  /** Only calls to this institution go there. Default: calls to any institution. */
  instId?: string;
  /** Subset that these instances belong to, for calls directed to a subset. */
  subset?: string;
  /** Transport to reach them. Default: the default transport, `auto`: gRPC, and TCP where they say that they speak it. */
  transport?: string;
}

/** Settings of the gRPC transport. */
export interface GrpcTransportOptions {
  /** TCP connections to each address, used in turn. Default 1. */
  connections?: number;
  /** Time for an address to take a connection, TLS included, in ms. Default 5 000. */
  connectTimeoutMs?: number;
  /** A connection without calls is closed after this time, in ms. Default 300 000 (5 minutes). */
  idleTimeoutMs?: number;
  /** A ping is sent after this time without traffic, in ms. Default 30 000. */
  keepaliveTimeMs?: number;
  /** A connection whose ping is not answered within this time is lost, in ms. Default 10 000. */
  keepaliveTimeoutMs?: number;
  /** First delay before a lost connection is tried again, in ms; doubled each time, with jitter. Default 50. */
  reconnectMinMs?: number;
  /** Largest delay between attempts to reconnect, in ms. Default 10 000. */
  reconnectMaxMs?: number;
  /**
   * How RPC calls are sent: `unary` makes each an HTTP/2 stream of its own; `stream` sends one call after the other through
   * open streams, which costs much less. Not every peer bears that: some hold a thread for each open stream. `auto` sends in
   * streams to those who say in their answers that they bear it, as this package does, and unary to all others. Default `auto`.
   */
  mode?: 'auto' | 'unary' | 'stream';
  /** Uses TLS for all connections of this transport, `{}` as Node does by default. Default: plaintext. */
  tls?: DialTlsOptions;
}

/** Settings of the HTTP transport: how calls are made over HTTP. */
export interface HttpTransportOptions {
  /** The version spoken: `1.1`, or `2` with prior knowledge, without asking the peer. Default `1.1`. */
  version?: '1.1' | '2';
  /** Most TCP connections to each address over HTTP/1.1, one for each call under way; more calls wait. Default 256. */
  connections?: number;
  /** Time for an address to take a connection, TLS included, in ms. Default 5 000. */
  connectTimeoutMs?: number;
  /** Uses TLS for all connections of this transport, `{}` as Node does by default. Default: plaintext. */
  tls?: DialTlsOptions;
}

/** Settings of the TCP transport: how calls are made to peers of ours over the protocol of our own. */
export interface TcpTransportOptions {
  /** Time for an address to take a connection, TLS included, in ms. Default 5 000. */
  connectTimeoutMs?: number;
  /** A ping is sent after this time without traffic while somebody waits, in ms. Default 30 000. */
  keepaliveTimeMs?: number;
  /** A connection whose ping is not answered within this time is lost, in ms. Default 10 000. */
  keepaliveTimeoutMs?: number;
  /** First delay before a lost connection is tried again, in ms; doubled each time, with jitter. Default 50. */
  reconnectMinMs?: number;
  /** Largest delay between attempts to reconnect, in ms. Default 10 000. */
  reconnectMaxMs?: number;
  /**
   * How long the transport `auto` goes on over gRPC where TCP did not get through, before it tries TCP again, in ms; doubled each
   * time, with jitter. Default 60 000 (1 minute).
   */
  retryMinMs?: number;
  /** Longest time until `auto` tries TCP again, in ms. Default 1 800 000 (30 minutes). */
  retryMaxMs?: number;
  /** Uses TLS for all connections of this transport, `{}` as Node does by default. Default: plaintext. */
  tls?: DialTlsOptions;
}

/** Sizes and depths accepted from peers. */
export interface LimitOptions {
  /**
   * Largest message sent or received, in bytes: the arguments or the answer of a call, encoded, or the payload of a session. Default
   * 67 108 864 (64 MiB).
   */
  maxMessageBytes?: number;
  /** Deepest nesting of a decoded message. Default 64. */
  maxDepth?: number;
}

/** {@link LimitOptions}, filled in. */
export interface ResolvedLimits extends Readonly<Required<LimitOptions>> {
  /**
   * Largest body on the wire, in bytes: there is room for the largest message in base64, which takes a third more, and for 64 KiB of
   * what stands around it.
   */
  readonly maxBodyBytes: number;
}

/** How calls that may safely be repeated are repeated. */
export interface RetryOptions {
  /** Attempts after the first. 0 repeats nothing. Default 2. */
  retries?: number;
  /** First delay before repeating, in ms; doubled each time, with jitter. Default 100. */
  minDelayMs?: number;
  /** Largest delay before repeating, in ms. Default 1 000. */
  maxDelayMs?: number;
}

/**
 * What sessions may hold, and for how long. What waits and what is taken but not yet confirmed counts as held. A message's bytes
 * are those of its payload and, as characters, of its metadata.
 */
export interface SessionOptions {
  /** Most messages in one queue, the queue of one topic in one session. Default 10 000. */
  maxQueueMessages?: number;
  /**
   * Most bytes in one queue; a larger message is refused with E0000000413. Default 134 217 728 (128 MiB), or twice
   * `limits.maxMessageBytes` where that is more.
   */
  maxQueueBytes?: number;
  /** Most messages in all. Default 200 000. */
  maxMessages?: number;
  /** Most bytes in all; a larger message is refused with E0000000413. Default 268 435 456 (256 MiB), or twice `maxQueueBytes` where that is more. */
  maxBytes?: number;
  /** Most sessions. At this bound one that holds nothing gives way to a new one, the longest idle first. Default 100 000. */
  maxSessions?: number;
  /**
   * What happens to a push for which there is no room: `wait` lets it wait until there is, in the order of arrival, and fails
   * with E0000000700 when its deadline passes; `fail` fails with E0000000700 at once. Default `wait`.
   */
  whenFull?: 'fail' | 'wait';
  /** Most operations that wait, pops for messages and pushes for room; the next fails with E0000000700. Default 100 000. */
  maxWaiting?: number;
  /** Most bytes of pushes that wait for room; one may always wait. Default 67 108 864 (64 MiB). */
  maxWaitingBytes?: number;
  /** Most streams that handlers of `@MeshSession` have at a time; messages beyond wait in their queues. Default 10 000. */
  maxStreams?: number;
  /** A session without any operation for this time is dropped with all that it holds, in ms. Default 3 600 000 (1 hour). */
  idleTimeoutMs?: number;
  /** How long a pop waits that does not say how long, in ms. Default 120 000 (2 minutes). */
  popTimeoutMs?: number;
  /** Longest topic in UTF-8, in bytes. Default 1 024. */
  maxTopicBytes?: number;
  /** How long an accepted push is remembered, so that its repetition is not stored again, in ms. Default 120 000 (2 minutes). */
  repeatWindowMs?: number;
  /** Most pushes remembered; the oldest half is forgotten when there are more. Default 500 000. */
  maxRememberedIds?: number;
  /** What peek does with the message: `retain` leaves it, as the standard has it; `consume` takes it, as some servers do. Default `retain`. */
  peek?: 'retain' | 'consume';
}

/** Options of `MeshModule.forRoot`. All are optional; the environment fills in what is absent. */
export interface MeshOptions {
  /** Name of this application in the mesh. Default `MESH_NAME`, else `unknown`. */
  name?: string;
  /**
   * Version of this application, as it tells others. Default: the variable `<NAME>_VERSION`, where NAME is `name` in capitals; else
   * `1.0.0`.
   */
  version?: string;
  /** Id of the node that this application belongs to. Default `LX0000000000000`. */
  nodeId?: string;
  /** Id of the institution that this application belongs to. Default `JG0000000000000000`. */
  instId?: string;
  /** Last part of the URNs. Default `trustbe.cn`. */
  domain?: string;
  /**
   * Where to listen, and what to serve there; several listeners stand in an array. Absent: the strategy listens at the port of
   * `MESH_RUNTIME`, else 7304. `false`: never.
   */
  listen?: ListenOptions | readonly ListenOptions[] | false;
  /**
   * Serves over HTTP, in a Nest HTTP application, at that application's own port: `true`, or more about it. The application
   * need not listen besides. Default: nothing is served there.
   */
  mount?: true | MountOptions;
  /** Addresses of nodes that forward calls, `host:port`. Default `MESH_ADDRESS` (comma separated; port 570 when none is given). */
  addresses?: readonly string[];
  /** Services at fixed addresses, tried before `addresses`; the rules of `MESH_DIRECT` (see {@link DirectRule}) come before both. */
  services?: readonly StaticServiceOptions[];
  /**
   * Subset that this application's own instance belongs to. Default `MESH_SUBSET`, else none. As in the SDKs it is a label
   * of this instance and does not direct calls: those ask for a subset in their target.
   */
  subset?: string;
  /** Deadline of a call that names none, in ms. Default 10 000. */
  timeoutMs?: number;
  /** How long `close()` waits for calls under way before it ends them, in ms. Default 10 000. */
  drainTimeoutMs?: number;
  /** Which implementation each family uses, by family name, for instance `{ codec: 'json', balancer: 'round-robin' }`. */
  use?: Readonly<Record<string, string>>;
  /** Sizes and depths accepted from peers. */
  limits?: LimitOptions;
  /** How calls that may safely be repeated are repeated. */
  retry?: RetryOptions;
  /** Settings of the gRPC transport. */
  grpc?: GrpcTransportOptions;
  /** Settings of the HTTP transport. */
  http?: HttpTransportOptions;
  /** Settings of the TCP transport. */
  tcp?: TcpTransportOptions;
  /** What sessions may hold, and for how long. */
  sessions?: SessionOptions;
  /** The nodes of other institutions, to which what is pushed for them is forwarded. Default none. */
  partners?: readonly PartnerOptions[];
  /** Which of the built-in services are served; `false`: none. Default: all. */
  builtins?: BuiltinOptions | false;
  /** Makes this application a node, which applications of any language register with. Absent: it is none. */
  node?: NodeOptions;
  /**
   * How this application registers itself at nodes, once it listens. Absent: it does so if `MESH_REGISTER` is `1`, at the
   * nodes of `addresses`. `false`: never.
   */
  registry?: RegistryOptions | false;
}

/**
 * One entry of `MESH_DIRECT`: calls that go to one address, past registry and nodes. The first rule that fits decides.
 *
 * - `prefix=host:port` fits every service whose name begins with the prefix, letter by letter (`mesh.tru` fits
 *   `mesh.trust.apply`; an empty prefix fits every service), at any node.
 * - `name@node=host:port` fits the service of exactly that name, at that node; the case of the node does not matter.
 *
 * That is how the reference Python SDK reads it.
 */
export type DirectRule =
  | { readonly kind: 'prefix'; readonly prefix: string; readonly address: string }
  | { readonly kind: 'exact'; readonly service: string; readonly nodeId: string; readonly address: string };

/** Injection token of the {@link ResolvedMeshOptions} of the default mesh; extensions inject it to see the settings. */
export const MESH_OPTIONS = Symbol('nestjs-mesh:options');

/** What {@link MeshOptions} become once the environment and the defaults have filled them in, and they have been validated. */
export interface ResolvedMeshOptions {
  readonly name: string;
  readonly version: string;
  readonly nodeId: string;
  readonly instId: string;
  readonly domain: string;
  /** The first of `listeners`; `false` when there is none. */
  readonly listen: ResolvedListener | false;
  readonly listeners: readonly ResolvedListener[];
  readonly mount: ResolvedMount | false;
  readonly addresses: readonly string[];
  readonly services: readonly ResolvedStaticService[];
  readonly direct: readonly DirectRule[];
  readonly subset: string;
  readonly timeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly use: Readonly<Record<string, string>>;
  readonly limits: ResolvedLimits;
  readonly retry: Readonly<Required<RetryOptions>>;
  readonly grpc: Readonly<Required<Omit<GrpcTransportOptions, 'tls'>> & Pick<GrpcTransportOptions, 'tls'>>;
  readonly http: Readonly<Required<Omit<HttpTransportOptions, 'tls'>> & Pick<HttpTransportOptions, 'tls'>>;
  readonly tcp: Readonly<Required<Omit<TcpTransportOptions, 'tls'>> & Pick<TcpTransportOptions, 'tls'>>;
  readonly sessions: Readonly<Required<SessionOptions>>;
  readonly partners: readonly ResolvedPartner[];
  readonly builtins: ResolvedBuiltinOptions;
  /** `undefined` for an application that is no node. */
  readonly node: ResolvedNode | undefined;
  /** `undefined` for an application that does not register. */
  readonly registry: ResolvedRegistry | undefined;
}

/** A {@link StaticServiceOptions} with its addresses completed; absent restrictions are empty strings. */
export type ResolvedStaticService = Readonly<Required<Omit<StaticServiceOptions, 'transport'>>> &
  Pick<StaticServiceOptions, 'transport'>;
