import { ListItem } from '../../../collections/linked-list.js';
import type { Unsent } from '../../../context/time-limits.js';
import type { Carrier, PendingCall } from '../../pending-call.js';
import type { InboundAnswer } from '../../transport.js';

/** What calls wait for, as they see it. */
export interface Http1CallOwner {
  readonly address: string;
  /** Whether calls are under way for whose connections others may be waiting. */
  readonly isAnswering: boolean;
  /** It waits no more. */
  onAbandoned(call: Http1Call): void;
}

/** A call over HTTP/1.1, from when it waits for a connection on. */
export class Http1Call extends ListItem implements Carrier {
  /** `waiting` for a connection, or for one that was kept to be looked at; `connecting` one that is being made for it. */
  stage: 'waiting' | 'connecting' | 'sent' = 'waiting';
  /** What carries it, or is about to. */
  lane: { destroy(): void } | undefined;

  /** @param head of its request, as it is written */
  constructor(
    readonly pending: PendingCall<InboundAnswer>,
    readonly head: string,
    private readonly owner: Http1CallOwner,
  ) {
    super();
    pending.carrier = this;
  }

  /** A call that waits for one of the connections is connecting only when none of them was ever taken. */
  get unsent(): Unsent | undefined {
    const { owner, stage } = this;
    if (stage === 'sent' || (stage === 'waiting' && owner.isAnswering)) return undefined;
    return { stage: 'connecting', address: owner.address };
  }

  abandon(): void {
    if (this.lane) this.lane.destroy();
    else this.owner.onAbandoned(this);
  }
}
