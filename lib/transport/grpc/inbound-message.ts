import type { IncomingHttpHeaders } from 'node:http2';
import { Cancellation } from '../../context/cancellation.js';
import { splitQuery } from '../paths.js';
import type { CallAnswer, InboundCall, InboundHead, WireHeaders } from '../transport.js';
import { decodeTimeout, wireHeadersOf } from './headers.js';

/** What the calls of one stream have in common. */
export type InboundOrigin = Omit<InboundHead, 'cancellation'> & {
  /** The time that the caller gives, in ms; `Infinity` when it says none. */
  readonly timeoutMs: number;
};

/** Reads the headers that opened a stream. */
export function originOf(headers: IncomingHttpHeaders, peer: string): InboundOrigin {
  const timeoutMs = timeoutOf(headers);
  return {
    ...splitQuery(headers[':path'] ?? ''),
    headers: wireHeadersOf(headers),
    wire: 'grpc',
    method: 'POST',
    contentType: 'application/grpc',
    deadline: timeoutMs === Infinity ? Infinity : Date.now() + timeoutMs,
    peer,
    timeoutMs,
  };
}

/** How the messages of a stream are compressed, where they are. */
export function encodingOf(headers: IncomingHttpHeaders): string {
  return String(headers['grpc-encoding'] ?? 'identity');
}

/** One message of a stream, which is one call; its outcome waits here until those before it have gone out. */
export class InboundMessage implements InboundCall {
  readonly path: string;
  readonly query: string;
  readonly headers: WireHeaders;
  readonly wire = 'grpc';
  readonly method = 'POST';
  readonly contentType = 'application/grpc';
  readonly deadline: number;
  readonly peer: string;
  readonly cancellation = new Cancellation();
  admits: InboundHead['admits'];
  scope: InboundHead['scope'];
  /** What the handler said; `undefined` while it is at work. @internal */
  outcome: { readonly answer: Uint8Array | CallAnswer } | { readonly error: unknown } | undefined;

  constructor(
    origin: InboundOrigin,
    public body: Buffer,
  ) {
    this.path = origin.path;
    this.query = origin.query;
    this.headers = origin.headers;
    this.deadline = origin.deadline;
    this.peer = origin.peer;
  }
}

/** The time that the caller gives, in ms; 0 when what it says is malformed. */
function timeoutOf(headers: IncomingHttpHeaders): number {
  const value = headers['grpc-timeout'];
  return value === undefined ? Infinity : (decodeTimeout(String(value)) ?? 0);
}
