import { Cancellation } from '../../context/cancellation.js';
import type { InboundCall, WireHeaders } from '../transport.js';

/** What the calls of one stream have in common. */
export interface InboundOrigin {
  readonly path: string;
  readonly headers: WireHeaders;
  readonly deadline: number;
  readonly peer: string;
}

/** One message of a stream, which is one call; its outcome waits here until those before it have gone out. */
export class InboundMessage implements InboundCall {
  readonly path: string;
  readonly headers: WireHeaders;
  readonly deadline: number;
  readonly peer: string;
  readonly cancellation = new Cancellation();
  /** What the handler said; `undefined` while it is at work. @internal */
  outcome: { readonly body: Uint8Array } | { readonly error: unknown } | undefined;

  constructor(
    origin: InboundOrigin,
    public body: Buffer,
  ) {
    this.path = origin.path;
    this.headers = origin.headers;
    this.deadline = origin.deadline;
    this.peer = origin.peer;
  }
}
