import { violation } from '../../protocol/payload.js';

/** Pings answered without anything else between them. */
const MAX_PINGS = 100;

/** One more is granted in this time, in ms. */
const REFILL_MS = 100;

/** Keeps a peer from having pings answered without end. */
export class PingBudget {
  private taken = 0;
  private since = 0;

  /** Answers one more. @throws MeshError E0000000616 when they are too many */
  take(): void {
    const now = Date.now();
    const refilled = Math.floor((now - this.since) / REFILL_MS);
    if (refilled > 0) {
      this.taken = Math.max(0, this.taken - refilled);
      this.since = now;
    }
    if (++this.taken > MAX_PINGS) throw violation(`it pings more than ${MAX_PINGS} times with nothing between`);
  }

  /** Something else came. */
  reset(): void {
    this.taken = 0;
  }
}
