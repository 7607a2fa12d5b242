/** Lets so much through at once, and so much again with time. */
export class RateLimit {
  private left: number;
  private since: number;

  /**
   * @param burst how much at once
   * @param everyMs after so long one more, in ms
   */
  constructor(
    private readonly burst: number,
    private readonly everyMs: number,
    private readonly now: () => number = Date.now,
  ) {
    this.left = burst;
    this.since = now();
  }

  /** Takes one; whether there was one left. */
  take(): boolean {
    const gained = Math.floor((this.now() - this.since) / this.everyMs);
    if (gained > 0) {
      this.left = Math.min(this.burst, this.left + gained);
      this.since += gained * this.everyMs;
    }
    if (this.left === 0) return false;
    this.left--;
    return true;
  }
}
