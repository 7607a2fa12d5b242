import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** What is written in answer to a request. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Uint8Array;
}

/** Who serves a request, as its {@link HttpExchange} sees it. */
export interface HttpExchangeOwner {
  gotData(chunk: Buffer): void;
  /** The body is complete. */
  gotEnd(): void;
  /** The exchange is over. The answer was `delivered` when all of it was written out to a caller who was still there. */
  gotOver(outcome: 'delivered' | 'lost'): void;
}

/** One request and the way to answer it, whatever the version of HTTP. */
export interface HttpExchange {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** The caller, `host:port`. */
  readonly peer: string;
  /** Lets the body come, now that somebody is to read it; a caller who waits to be asked is. */
  receive(owner: HttpExchangeOwner): void;
  /** Told that so many bytes more are held of it until it is answered; below zero, that so many are held no longer. */
  hold(bytes: number): void;
  /** Writes the answer; once. What still comes of the body is handed to the owner, who may drop it. */
  answer(answer: HttpAnswer): void;
  /** Ends it at once. */
  destroy(): void;
}
