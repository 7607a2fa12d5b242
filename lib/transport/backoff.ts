/** Delays between attempts to connect: doubled with each failure, up to a bound, and drawn from the upper half of that. */
export class Backoff {
  private failures = 0;

  constructor(
    private readonly minMs: number,
    private readonly maxMs: number,
  ) {}

  /** The delay after another failure, in ms. */
  next(): number {
    const ceiling = Math.min(this.maxMs, this.minMs * 2 ** this.failures++);
    return ceiling * (0.5 + Math.random() / 2);
  }

  /** An attempt has succeeded. */
  reset(): void {
    this.failures = 0;
  }
}
