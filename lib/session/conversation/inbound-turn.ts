import { Cancellation } from '../../context/cancellation.js';
import type { Manner } from '../../protocol/conversation.js';
import type { SessionOperation } from '../../protocol/session-call.js';
import type { CallAnswer } from '../../transport/transport.js';

/** One `Inbound` of a conversation, until its `Outbound` has gone out: its turn comes when all before it are answered. */
export class InboundTurn {
  /** Ends the call that it makes. */
  readonly cancellation = new Cancellation();
  /** What it is answered with; `undefined` while it is being served. */
  answer: CallAnswer | undefined;
  /** What it takes up, in bytes: the request, then the answer. */
  size: number;

  constructor(
    /** What it asks for; `nothing` when there is nothing to be served. */
    readonly operation: SessionOperation | 'nothing',
    readonly manner: Manner,
    size: number,
  ) {
    this.size = size;
  }
}
