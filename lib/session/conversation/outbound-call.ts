import { expireAt } from '../../context/expiry.js';
import { failureAt, failureOfGivingUp, firstLimitOf, type Unsent } from '../../context/time-limits.js';
import type { MeshError } from '../../errors/mesh-error.js';
import type { SessionWait } from '../session-service.js';

/** What was asked for, for messages. */
const WHAT = 'the request';

/** Who carries an {@link OutboundCall}. */
export interface CallCarrier {
  /** The caller gave up; the answer may still come, and is dropped. */
  givenUp(call: OutboundCall): void;
  /** Why nothing that it carries was sent yet; `undefined` or absent when some of it may have been. */
  readonly unsent?: Unsent | undefined;
}

/**
 * The caller's side of one `Inbound`. It settles once: with the answer, with an error, or because the caller gave up: since
 * then it only keeps the place of its answer.
 */
export class OutboundCall {
  /** Its answer, as bytes. */
  readonly answer: Promise<Uint8Array>;
  private resolve!: (answer: Uint8Array) => void;
  private reject!: (error: MeshError) => void;
  private limit: number;
  private timer: NodeJS.Timeout | undefined;
  private readonly forget: () => void;
  private over = false;

  constructor(
    readonly message: Uint8Array,
    private readonly wait: SessionWait,
    private readonly carrier: CallCarrier,
  ) {
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.limit = firstLimitOf(wait);
    this.watch();
    this.forget = wait.cancellation.onCancel((reason) => {
      this.giveUp(failureOfGivingUp(reason, wait, WHAT, carrier.unsent));
    });
  }

  /** Whether the caller has its answer or its error. */
  get settled(): boolean {
    return this.over;
  }

  /** How long the answer should have been here by now, in ms; negative while it need not be. */
  get lateMs(): number {
    // A timer of Node may be early by the part of a millisecond that a clock does not show.
    return Date.now() + 1 - this.wait.deadline;
  }

  /** Hands the answer to the caller. */
  succeed(answer: Uint8Array): void {
    if (this.settle()) this.resolve(answer);
  }

  /** Hands an error to the caller. */
  fail(error: MeshError): void {
    if (this.settle()) this.reject(error);
  }

  private watch(): void {
    if (this.limit !== Infinity) this.timer = expireAt(this.limit, () => this.gotLimit());
  }

  private gotLimit(): void {
    const failure = failureAt(this.limit, this.wait, WHAT, this.carrier.unsent);
    if (failure) return this.giveUp(failure);
    this.limit = this.wait.deadline;
    this.watch();
  }

  private giveUp(reason: MeshError): void {
    if (!this.settle()) return;
    this.reject(reason);
    this.carrier.givenUp(this);
  }

  private settle(): boolean {
    if (this.over) return false;
    this.over = true;
    clearTimeout(this.timer);
    this.forget?.();
    return true;
  }
}
