import type { CancelWatcher } from '../context/cancellation.js';
import { MAX_TIMER_MS } from '../context/expiry.js';
import { failureAt, failureOfGivingUp, firstLimitOf, type Unsent } from '../context/time-limits.js';
import type { MeshError } from '../errors/mesh-error.js';
import type { CallOwner, BodyLifetime, OutboundCall } from './transport.js';

/** What carries a call at present: the queue before a connection is there, then a stream. */
export interface Carrier {
  /** The caller gave up: ends what is under way, at the peer too. */
  abandon(passenger: Passenger, reason: MeshError): void;
  /** Why what it carries was not sent yet; `undefined` or absent when it may have been. */
  readonly unsent?: Unsent | undefined;
}

/** What waits for a connection: a call, or the opening of a stream. */
export interface Passenger {
  /** Who is to know when the caller gives up. */
  carrier: Carrier | undefined;
  /** Hands an error to the caller. */
  fail(error: MeshError): void;
}

/**
 * The caller's side of a call under way. It settles once: with the answer, with an error, or because the caller gave up. A
 * timer keeps the process alive meanwhile, its own or that of the cancellation; connections do not.
 */
export class PendingCall<Answer = Uint8Array> implements Passenger, CancelWatcher {
  carrier: Carrier | undefined;
  private over = false;
  private limit: number;
  /** Absent where the cancellation comes by itself when the time is over. */
  private timer: NodeJS.Timeout | undefined;

  /** @param onSettled told once, after the call has settled */
  constructor(
    readonly call: OutboundCall,
    private readonly owner: CallOwner<Answer>,
    private readonly onSettled: () => void,
  ) {
    const { cancellation } = call;
    this.limit = firstLimitOf(call);
    this.timer = cancellation.cancelsAt <= this.limit ? undefined : this.watch();
    cancellation.watch(this);
  }

  /** Whether the call has its answer or its error. */
  get settled(): boolean {
    return this.over;
  }

  /** Time left, in ms. */
  get remainingMs(): number {
    return this.call.deadline - Date.now();
  }

  /** Hands the answer to the caller. */
  succeed(answer: Answer, lifetime: BodyLifetime = 'lasting'): void {
    if (this.settle()) this.owner.answered(answer, lifetime);
  }

  fail(error: MeshError): void {
    if (this.settle()) this.owner.failed(error);
  }

  /** Ends the call for the caller's own reason. */
  giveUp(reason: MeshError): void {
    if (!this.settle()) return;
    this.carrier?.abandon(this, reason);
    this.owner.failed(reason);
  }

  /** @internal The caller has given up. */
  cancelled(reason: MeshError): void {
    const { call, carrier } = this;
    this.giveUp(failureOfGivingUp(reason, call, call.path, carrier?.unsent));
  }

  /** @internal The time until the limit is over. */
  gotLimit(): void {
    const { call, carrier, limit } = this;
    const failure = failureAt(limit, call, call.path, carrier?.unsent);
    if (failure) return this.giveUp(failure);
    this.limit = call.deadline;
    this.timer = this.watch();
  }

  private watch(): NodeJS.Timeout {
    return setTimeout(expire<Answer>, Math.min(MAX_TIMER_MS, this.limit - Date.now()), this);
  }

  private settle(): boolean {
    if (this.over) return false;
    this.over = true;
    if (this.timer) clearTimeout(this.timer);
    this.call.cancellation.unwatch(this);
    this.onSettled();
    return true;
  }
}

function expire<Answer>(call: PendingCall<Answer>): void {
  call.gotLimit();
}
