import type { Cancellation } from '../../context/cancellation.js';
import { defineFamily } from '../../kernel/extension-family.js';

/** What is the same in everything that passes. */
export interface PassingHead {
  /** Name of the listener that it came by: `listen`, `listen[1]`, `mount`; `self` for what this process calls itself. */
  readonly listener: string;
  /** What it came over. */
  readonly wire: 'grpc' | 'http';
  /** The verb of HTTP, upper case; `POST` over gRPC. */
  readonly method: string;
  /** What is called, without the query. */
  readonly path: string;
  /** What stood behind the path's `?`; empty when there was none. */
  readonly query: string;
  /** Name of the service that is called by RPC, such as `mesh.trust.apply`; empty for anything else. */
  readonly service: string;
  /** By lower-case name, without a prototype. What is changed here, or added, is what the next ones see. */
  readonly headers: Record<string, string>;
  /** The caller, `host:port`. */
  readonly peer: string;
  /** When the caller gives up: ms since the epoch, else `Infinity`. */
  readonly deadline: number;
  /** Cancelled when the caller has gone away. */
  readonly cancellation: Cancellation;
}

/** A call: one message, and one for an answer. */
export interface PassingCall extends PassingHead {
  readonly kind: 'call';
  readonly body: Uint8Array;
}

/** A stream: messages each way. */
export interface PassingStream extends PassingHead {
  readonly kind: 'stream';
  /** What the caller sends; to be read once, or to be handed on. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** A request of HTTP, or of somebody else's gRPC, that is handed on as it comes: bytes each way. */
export interface PassingPassage extends PassingHead {
  readonly kind: 'passage';
  /** The bytes, as they come; to be read once, or to be handed on. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** What passes the node, as a middleware sees it on its way in. */
export type PassingRequest = PassingCall | PassingStream | PassingPassage;

/** What passes the node on its way back. Its body is bytes for a call, and messages or bytes as they come for the others. */
export interface PassingResponse {
  /** HTTP status. gRPC carries none; 200 there. */
  status: number;
  /** By lower-case name, without a prototype. What is changed here, or added, is what the caller gets, where its wire has headers. */
  readonly headers: Record<string, string | readonly string[]>;
  body: Uint8Array | AsyncIterable<Uint8Array>;
}

/** The rest of the chain, and what stands behind it. It is called at most once for each request. */
export type PassingNext = (request: PassingRequest) => Promise<PassingResponse>;

/** What passes a middleware. Each list that is given has to fit; a list that is absent fits everything. */
export interface MiddlewareScope {
  /** Paths, or prefixes of paths ending in `*`: `/v1/interconn/chan/*`, `/reports/*`. */
  readonly paths?: readonly string[];
  /** Services called by RPC, or prefixes ending in `.*`: `mesh.trust.*`. */
  readonly services?: readonly string[];
  /** Listeners: `listen`, `listen[1]`, `mount`, `self`. */
  readonly listeners?: readonly string[];
}

/**
 * Stands in the way of what passes the node (standard, guide: the plug-in point): RPC, sessions, what nodes say to each other,
 * and what is handed on to applications. It may look, change what it hands to `next` and what comes back, answer by itself, or
 * throw a `MeshError`, which the caller is told as its wire has it. Middleware runs by priority, the highest outermost; give it
 * in `@MeshExtension(MIDDLEWARE, 'name', { priority })`.
 */
export interface Middleware {
  /** What passes it. Default: everything. It is read once, at start. */
  readonly scope?: MiddlewareScope;
  /** Serves what passes, by calling `next`, or by itself. */
  handle(request: PassingRequest, next: PassingNext): Promise<PassingResponse>;
}

/** The family of middleware. All are used, in order. */
export const MIDDLEWARE = defineFamily<Middleware>('middleware');
