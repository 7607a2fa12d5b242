import { expireAt } from '../../context/expiry.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { SessionWait } from '../session-service.js';

/** Who carries an {@link OutboundCall}. */
export interface CallCarrier {
  /** The caller gave up; the answer may still come, and is dropped. */
  givenUp(call: OutboundCall): void;
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
  private readonly timer: NodeJS.Timeout | undefined;
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
    if (wait.deadline !== Infinity) this.timer = expireAt(wait.deadline, () => this.giveUp(notInTime()));
    this.forget = wait.cancellation.onCancel((reason) => this.giveUp(reason));
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

function notInTime(): MeshError {
  return new MeshError(MeshCode.TIMEOUT, 'the request was not answered in time');
}
