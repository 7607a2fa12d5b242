/** How many are kept of what was measured. */
const MOST = 1 << 17;

/**
 * A sample of what is measured, each value as likely to be in it as any other. It is of one size from the beginning: a list that
 * grows with each call costs collections, most for who calls most.
 */
export class Sample {
  /** How many values there were. */
  count = 0;
  private readonly kept: Float64Array;

  /** @param most how many are kept */
  constructor(most = MOST) {
    this.kept = new Float64Array(most);
  }

  /** Takes a value, or passes it over. */
  add(value: number): void {
    const { kept } = this;
    const place = this.count < kept.length ? this.count : Math.floor(Math.random() * (this.count + 1));
    this.count++;
    if (place < kept.length) kept[place] = value;
  }

  /** What is kept, the smallest first. */
  sorted(): Float64Array {
    return this.kept.slice(0, Math.min(this.count, this.kept.length)).sort();
  }
}
