/**
 * Resets that are sent through one connection at once, and each second for long. HTTP/2 servers guard against clients that
 * open and reset streams without end: nghttp2, below Node's server and others, breaks a connection, with every call on it, at
 * more than 1 000 at once and 33 a second.
 */
const BURST = 900;
const PER_SECOND = 30;

/** When fewer are left than this, the connection is better replaced: the calls on it may still need them. */
const RESERVE = 300;

/** Counts the resets that a connection still bears. */
export class ResetBudget {
  private left = BURST;
  private countedAt = Date.now();

  /** @param onWorn told each time that a reset is taken out of the reserve */
  constructor(private readonly onWorn: () => void) {}

  /** Takes one. @returns `spent` when there is none: the stream must be left to end by itself */
  take(): 'granted' | 'spent' {
    const now = Date.now();
    this.left = Math.min(BURST, this.left + ((now - this.countedAt) * PER_SECOND) / 1_000);
    this.countedAt = now;
    if (this.left < RESERVE) this.onWorn();
    if (this.left < 1) return 'spent';
    this.left--;
    return 'granted';
  }
}
