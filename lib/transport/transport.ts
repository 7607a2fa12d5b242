import type { Cancellation } from '../context/cancellation.js';
import type { TimeLimits, Unsent } from '../context/time-limits.js';
import type { MeshError } from '../errors/mesh-error.js';
import { defineFamily } from '../kernel/extension-family.js';
import type { ResolvedListener, ResolvedListenTls, ServedArea } from '../options/listen-options.js';

/** Headers of a call: lower-case names, without a prototype. */
export type WireHeaders = Readonly<Record<string, string>>;

/**
 * Where a call goes and what it says in its headers, as many calls have it: one object for all of them, never changed, so that a
 * connection can say it once, and then by a number.
 */
export interface SharedHead {
  readonly path: string;
  readonly headers: WireHeaders;
}

/** A call as the consumer hands it to a connection. */
export interface OutboundCall extends TimeLimits {
  /** What is called, for instance `/mesh-rpc/v1`; a query may follow. */
  readonly path: string;
  readonly headers: WireHeaders;
  /**
   * Media type of the body, where the wire says one and {@link headers} do not. Default: `application/json` for RPC, else
   * `application/octet-stream`.
   */
  readonly contentType?: string | undefined;
  readonly body: Uint8Array;
  /**
   * The rest of the body, which stands behind {@link body}: it is sent from where it is, and not copied; it must not be changed before there is an
   * answer. It is only for connections whose {@link Connection.takesTails} is `true`.
   */
  readonly tail?: Uint8Array | undefined;
  /**
   * Calls of one series may follow each other on one stream: whatever differs in their headers is said in their bodies, too.
   * Absent: nothing else may be sent on its stream.
   */
  readonly series?: string;
  /**
   * Set for a call whose body is packed (docs/tcp-protocol.md): its path and headers are those of this object, and say so
   * (`mesh-form`). Calls with the same one may follow each other on one stream, whatever their {@link series}; a connection knows it
   * again by its identity. It is only for connections whose {@link Connection.packs} is `true`.
   */
  readonly packed?: SharedHead;
  /** Cancelled when the caller gives up; the connection then ends the call, at the peer too, and rejects with the reason. */
  readonly cancellation: Cancellation;
}

/** The answer to a call, and what the peer says of it. */
export interface InboundAnswer {
  readonly body: Uint8Array;
  /** Media type of the body, lower case and without parameters; empty when the peer says none. `application/grpc` over gRPC. */
  readonly contentType: string;
  /** HTTP status. An error of gRPC has none: it is thrown. */
  readonly status: number;
  readonly headers: WireHeaders;
}

/** What a stream is opened with. It has no deadline of its own: cancel it. */
export type OutboundHead = Pick<OutboundCall, 'path' | 'headers' | 'cancellation'>;

/**
 * Says whether a service may be called where a call came in.
 *
 * @param service name of the service, such as `mesh.trust.apply`
 * @param area what the service belongs to, if it is no application's
 */
export type ServiceAdmission = (service: string, area?: ServedArea) => boolean;

/** Who is expected where a call came in, and what of this package is served there. */
export interface ListenerScope {
  /** `self` for what this very process calls. */
  readonly side: ResolvedListener['side'] | 'self';
  readonly areas: ReadonlySet<ServedArea>;
}

/** What opened a call or a stream, as a listener hands it on. */
export interface InboundHead {
  /** What is called, without the query. */
  readonly path: string;
  /** What stood behind the path's `?`; empty when there was none. */
  readonly query: string;
  /** Over TCP and over streams of gRPC, calls whose caller shares a head among them have one and the same object. */
  readonly headers: WireHeaders;
  /** What it came over. What comes from this very process comes as `grpc`. */
  readonly wire: 'grpc' | 'http';
  /** The verb of HTTP, upper case; `POST` over gRPC. */
  readonly method: string;
  /** Media type of the body, lower case and without parameters; empty when none is named. `application/grpc` over gRPC. */
  readonly contentType: string;
  /** When the caller gives up, as far as it said so: ms since the epoch, else `Infinity`. */
  readonly deadline: number;
  /** Cancelled by the listener when the caller has gone away or has cancelled. */
  readonly cancellation: Cancellation;
  /** Address of the caller, `host:port`, for logs. */
  readonly peer: string;
  /**
   * Which services may be called there; absent: all. Who calls a service for this call asks it first, and answers as though a
   * service that is not admitted were unknown. It is set by the listener's acceptor, before a handler sees the call.
   */
  admits?: ServiceAdmission | undefined;
  /** Where it came in. Set as {@link admits} is; where it is absent, nobody knows, and nothing may be made of it. */
  scope?: ListenerScope | undefined;
}

/** A call as a listener hands it to a handler. */
export interface InboundCall extends InboundHead {
  /** The body, already unpacked if it came compressed. */
  readonly body: Uint8Array;
  /** Whether its answer may have a {@link CallAnswer.tail}; absent: no. */
  readonly takesTails?: boolean;
}

/** An answer with more to say than its bytes. gRPC carries the body only. */
export interface CallAnswer {
  readonly body: Uint8Array;
  /**
   * The rest of the body, which stands behind {@link body}: it is sent from where it is, and not copied; it must not be changed before the answer
   * is settled. It is only for calls whose {@link InboundCall.takesTails} is `true`.
   */
  readonly tail?: Uint8Array | undefined;
  /** Media type of the body. Default `application/octet-stream`. */
  readonly contentType?: string;
  /** HTTP status. Default 200. */
  readonly status?: number;
  readonly headers?: WireHeaders;
  /**
   * Told once what became of the answer: `true` when it was written out whole to a caller who was still there, `false` when
   * the caller had gone away or had been told of an error instead. It must not throw.
   */
  readonly settle?: (delivered: boolean) => void;
}

/** Answers a call that was refused before its handler saw it, as the handler would tell of the error. */
export type CallRefusal = (error: MeshError, call: InboundCall) => Uint8Array | CallAnswer;

/** Serves a call, and tells its answer. */
export type CallTelling = (call: InboundCall, told: (answer: Uint8Array | CallAnswer) => void) => void;

/** Serves calls to one path: one answer for each call. What it throws ends that call only. */
export interface CallHandler {
  (call: InboundCall): Promise<Uint8Array | CallAnswer>;
  /**
   * The same for who is to be told of the answer as soon as it is there, which may be before this returns. `told` must not throw, as
   * this does not; it is called once. Absent: nothing would be saved.
   */
  readonly tell?: CallTelling;
  /**
   * How a caller is told of an error that arose on the way to this handler, where an answer says so: the envelope of RPC, the
   * answer of a dialect. Absent: it is thrown, and told as the wire tells of errors.
   */
  readonly refuse?: CallRefusal;
}

/** Lets a handler, made for it, say how its callers are told of errors that arise on the way to it: {@link CallHandler.refuse}. */
export function refusing<H extends CallHandler>(
  handler: H,
  refuse: CallRefusal | undefined,
): H & Pick<CallHandler, 'refuse'> {
  return refuse ? Object.assign(handler, { refuse }) : handler;
}

/** Lets a handler, made for it, tell its answers, too: {@link CallHandler.tell}. */
export function telling<H extends CallHandler>(
  handler: H,
  tell: CallTelling | undefined,
): H & Pick<CallHandler, 'tell'> {
  return tell ? Object.assign(handler, { tell }) : handler;
}

/** A handler that hands calls on to another. @param enter what becomes of a call on its way */
export function handlerBefore(handler: CallHandler, enter: (call: InboundCall) => InboundCall): CallHandler {
  const { tell, refuse } = handler;
  const before = refusing((call) => handler(enter(call)), refuse);
  return telling(before, tell && ((call, told) => tell(enter(call), told)));
}

/** Messages in order, each way. Neither side waits for the other's: there may be none for many, or many for one. */
export interface MessageStream {
  /**
   * What the peer sends; to be read once. It ends when the peer has said its last, and throws the `MeshError` with which the
   * stream failed. Little is read ahead: a peer whose messages nobody takes has to wait.
   */
  readonly messages: AsyncIterable<Uint8Array>;
  /**
   * Sends a message. Resolves when the next may be sent; who does not wait for that makes the messages pile up.
   *
   * @throws MeshError E0000000413 for a message over the limit, which leaves the stream as it is; else why the stream is over
   */
  send(message: Uint8Array): Promise<void>;
}

/** A stream as a listener hands it to a handler. */
export interface InboundStream extends InboundHead, MessageStream {
  /** Cancelled when the listener is about to close: the handler should end the stream soon, or it is cut off. */
  readonly draining: Cancellation;
  /** Ends the stream for both sides, after what was sent; with an error, the peer is told. */
  end(error?: MeshError): void;
}

/** Serves the streams to one path. The stream ends when the Promise settles, if it has not before. */
export type StreamHandler = (stream: InboundStream) => Promise<void>;

/** A stream as its opener has it. */
export interface DuplexStream extends MessageStream {
  /** Why nothing that was sent has left yet. `undefined` once it has, and where that is not known. */
  readonly unsent?: Unsent | undefined;
  /** Waits until what is sent leaves, or never will. Absent where that is not known. */
  opened?(): Promise<void>;
  /** Says that no more is sent; the peer may still send. */
  end(): void;
  /** Ends the stream for both sides at once, with this reason for {@link messages} and {@link send}. */
  cancel(reason: MeshError): void;
}

/** Serves streams to a path; and single calls to it too, where the wire tells the two apart: gRPC does not. */
export interface StreamEndpoint {
  readonly stream: StreamHandler;
  readonly call?: CallHandler;
}

/** Headers as they are written in an answer: by lower-case name, several values in order. */
export type PassageHeaders = Readonly<Record<string, string | readonly string[]>>;

/**
 * A request as it stands on the wire, of which nothing but the head has been read. Any method, and anything for a body: also
 * what follows when the connection is upgraded (a websocket), and messages of a gRPC service of somebody else. Its headers are
 * all that came, those of the connection too; over HTTP/2 without the pseudo headers, `:authority` standing as `host`.
 */
export interface InboundPassage extends InboundHead {
  /** What was asked for, as it was written: path and query. */
  readonly target: string;
  /** Version of HTTP that it came in. */
  readonly version: '1.1' | '2';
  /** Whether it came through TLS: `https`. */
  readonly scheme: 'http' | 'https';
  /** How many bytes the body has, as the head says; `undefined` when it does not say, 0 when there is no body. */
  readonly length: number | undefined;
  /** What the connection is to be upgraded to, lower case; empty when it is not. */
  readonly upgrade: string;
  /**
   * The body, to be read once; after an answer with status 101, what the caller sends from then on. It is read no faster than it
   * is taken, and throws the `MeshError` with which the request broke off.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** What stood behind the body; empty until the body has been read, or when there was nothing. */
  trailers(): PassageHeaders;
}

/** The answer to a passage. */
export interface PassageAnswer {
  /** 101 when the connection is upgraded: what comes of {@link body} is then written as it is. */
  readonly status: number;
  readonly headers: PassageHeaders;
  /** Written as it comes, and taken no faster than the caller reads. When it throws, the answer breaks off. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Asked for once the body is written: what stands behind it. Over HTTP/2 the status of gRPC does. */
  readonly trailers?: () => PassageHeaders;
}

/** Hands a request on. It rejects with the `MeshError` that the caller is told, as the wire has it. */
export type PassageHandler = (passage: InboundPassage) => Promise<PassageAnswer>;

/** Serves every request to a path as it comes, instead of calls or streams. */
export interface PassageEndpoint {
  readonly pass: PassageHandler;
}

/**
 * What serves a path. With a handler for calls alone, a stream is a row of calls, answered in order. What hands requests on as
 * they come is served by a port only.
 */
export type Endpoint = CallHandler | StreamEndpoint | PassageEndpoint;

/** Finds what serves a path; `undefined` when nothing does. */
export type Acceptor = (path: string) => Endpoint | undefined;

/** How long the bytes of an answer may be used: from now on, or until who is told of them returns. */
export type BodyLifetime = 'lasting' | 'passing';

/** Who has made a call: is told how it went, once, while other calls of its connection wait. It must not throw. */
export interface CallOwner<Answer = Uint8Array> {
  /** There is an answer. */
  answered(answer: Answer, lifetime: BodyLifetime): void;
  /** There is none. */
  failed(error: MeshError): void;
}

/** Who has greeted at the other end of a connection. */
export interface GreetedPeer {
  /** Id of its node, as it says itself: it is not proven. Empty where it does not say. */
  readonly nodeId: string;
  /** Id of its institution, as it says itself. Empty where it does not say. */
  readonly instId: string;
  /** What the way there and back took last, in ms: for the greeting, or for a ping since. `undefined` until that is known. */
  readonly roundTripMs: number | undefined;
}

/** Connections to one address. It connects when it is first used, and again after it was lost. */
export interface Connection {
  /**
   * As {@link call}, for who is to be told how it went as soon as that is known, and takes what it needs of the answer then. Absent: that
   * would save nothing. What is wrong with the call is told, too, and nothing is thrown.
   */
  ask?(call: OutboundCall, owner: CallOwner): void;
  /**
   * Sends a call and waits for its answer.
   *
   * @throws MeshError E0000000619 when nothing answers at the address (`neverSent`), E0000000601 when the time was over
   * (`neverSent` when it was for want of a connection), E0000000607 when the connection was lost with the call under way, E0000000413 for a message over the limit, or the reason of the cancellation; what the peer
   * says went wrong
   */
  call(call: OutboundCall): Promise<Uint8Array>;
  /**
   * As {@link call}, for who needs to know more of the answer than its bytes. Over HTTP, an answer with an error status is an
   * answer, too.
   */
  exchange(call: OutboundCall): Promise<InboundAnswer>;
  /**
   * Opens a stream. What goes wrong, from the beginning on, is told by the stream: E0000000619 when nothing answers at the
   * address, E0000000607 when the connection was lost, else as the peer says.
   */
  open(head: OutboundHead): DuplexStream;
  /**
   * Whether the peer is known to understand packed calls; absent: no. One that is handed over nevertheless, since the peer was replaced
   * by another, fails with E0000000607 (`neverSent`).
   */
  readonly packs?: boolean;
  /** Whom it is connected to at the moment, where the protocol lets ends greet each other; absent: it is not known. */
  readonly greeted?: GreetedPeer | undefined;
  /** Whether calls may have a {@link OutboundCall.tail}; absent: no. */
  readonly takesTails?: boolean;
  /** Calls under way and streams open. */
  readonly pending: number;
  /** Takes no new calls, waits for those under way, closes. */
  close(): Promise<void>;
  /** Closes at once; calls under way fail with E0000000607. */
  destroy(): void;
}

/** Where a listener is to listen. */
export interface ListenAt {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Name of the option that says so, for messages. Default `listen`. */
  readonly option?: string;
  /** Certificates, for transports that can speak TLS. Default: none, plaintext only. */
  readonly tls?: ResolvedListenTls;
  /** Time for a new connection to show what it speaks, in ms. Default 10 000. */
  readonly handshakeTimeoutMs?: number;
  /** Time for a request over HTTP/1.1 to arrive as a whole, in ms. Default 300 000. */
  readonly requestTimeoutMs?: number;
  /** A passage without a byte, either way, for so long is ended, in ms. Default 900 000. */
  readonly idleTimeoutMs?: number;
}

/** Something that listens. */
export interface Listener {
  /** The address bound, `host:port`. */
  readonly address: string;
  /** Calls under way and streams open. */
  readonly pending: number;
  /** Connections open; absent where nothing counts them. */
  readonly connections?: number;
  /** The server behind it, for `unwrap()`. */
  readonly server: unknown;
  /** Takes no new calls, waits for those under way, closes. */
  close(): Promise<void>;
  /** Closes at once; calls under way are cancelled. */
  destroy(): void;
}

/** A way to carry calls between two processes. */
export interface Transport {
  /** Its name in a URN's flag: `http`, `grpc`, `mqtt` or `tcp`; any other name goes by `grpc`'s number. */
  readonly proto: string;
  /** Connections to an address (`host:port`). Does not connect yet. */
  dial(address: string): Connection;
  /** @throws MeshError E0000000619 when the address cannot be bound, E0000000400 for certificates that cannot be used */
  listen(at: ListenAt, acceptor: Acceptor): Promise<Listener>;
}

/** The family of transports. The default is `auto`: gRPC, and TCP where the peer says that it speaks it. */
export const TRANSPORT = defineFamily<Transport>('transport', 'auto');

/** Path of the mesh's RPC over gRPC. A generic method with raw bytes in and out. */
export const MESH_RPC_PATH = '/mesh-rpc/v1';

/** Path of the mesh's RPC over HTTP: `POST`, with the URN in the header `mesh-urn`. */
export const MESH_INVOKE_PATH = '/mesh/invoke';
