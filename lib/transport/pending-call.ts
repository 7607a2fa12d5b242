import { MAX_TIMER_MS } from '../context/expiry.js';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { OutboundCall } from './transport.js';

/** What carries a call at present: the queue before a connection is there, then a stream. */
export interface Carrier {
  /** The caller gave up: ends what is under way, at the peer too. */
  abandon(passenger: Passenger, reason: MeshError): void;
}

/** What waits for a connection: a call, or the opening of a stream. */
export interface Passenger {
  /** Who is to know when the caller gives up. */
  carrier: Carrier | undefined;
  /** Hands an error to the caller. */
  fail(error: MeshError): void;
}

/**
 * The caller's side of a call under way. It settles once: with the answer, with an error, or because the caller gave up. Its
 * timer keeps the process alive meanwhile; connections do not.
 */
export class PendingCall<Answer = Uint8Array> implements Passenger {
  carrier: Carrier | undefined;
  private over = false;
  private readonly timer: NodeJS.Timeout;
  private readonly forget: () => void;

  /** @param onSettled told once, after the call has settled */
  constructor(
    readonly call: OutboundCall,
    private readonly resolve: (answer: Answer) => void,
    private readonly reject: (error: MeshError) => void,
    private readonly onSettled: () => void,
  ) {
    this.timer = setTimeout(expire<Answer>, Math.min(MAX_TIMER_MS, this.remainingMs), this);
    this.forget = call.cancellation.onCancel((reason) => this.giveUp(reason));
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
  succeed(answer: Answer): void {
    if (this.settle()) this.resolve(answer);
  }

  fail(error: MeshError): void {
    if (this.settle()) this.reject(error);
  }

  /** Ends the call for the caller's own reason. */
  giveUp(reason: MeshError): void {
    if (!this.settle()) return;
    this.carrier?.abandon(this, reason);
    this.reject(reason);
  }

  private settle(): boolean {
    if (this.over) return false;
    this.over = true;
    clearTimeout(this.timer);
    this.forget?.();
    this.onSettled();
    return true;
  }
}

function expire<Answer>(call: PendingCall<Answer>): void {
  call.giveUp(new MeshError(MeshCode.TIMEOUT, `no answer from '${call.call.path}' before the deadline`));
}
