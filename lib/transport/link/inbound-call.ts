import { Cancellation } from '../../context/cancellation.js';
import type { InboundCall, InboundHead, WireHeaders } from '../transport.js';
import type { Outcome } from './byte-carrier.js';
import type { LargeSend } from './large-messages.js';
import type { Head } from './heads.js';

/** A call on its way through this process. */
export class InboundLinkCall implements InboundCall {
  readonly path: string;
  readonly query: string;
  readonly headers: WireHeaders;
  readonly wire = 'grpc';
  readonly method = 'POST';
  readonly contentType = 'application/grpc';
  readonly takesTails = true;
  readonly cancellation = new Cancellation();
  admits: InboundHead['admits'];
  scope: InboundHead['scope'];
  /** What of the answer is still being sent. */
  large: LargeSend | undefined;
  /** Takes the answer back while it waits for room at the caller. */
  takeBack: (() => void) | undefined;
  /** Told what became of a large answer, as long as nobody knows. */
  settle: ((outcome: Outcome) => void) | undefined;

  constructor(
    readonly id: number,
    { path, query, headers }: Head,
    readonly deadline: number,
    readonly peer: string,
    readonly body: Uint8Array,
  ) {
    this.path = path;
    this.query = query;
    this.headers = headers;
  }
}
