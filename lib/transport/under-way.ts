/** Counts what is under way, and tells when nothing is any more. */
export class UnderWay {
  private entered = 0;
  private waiting: (() => void)[] = [];

  /** How many are under way. */
  get count(): number {
    return this.entered;
  }

  /** One more begins. */
  enter(): void {
    this.entered++;
  }

  /** One has ended. */
  leave(): void {
    if (--this.entered > 0) return;
    for (const tell of this.waiting.splice(0)) tell();
  }

  /** Waits until nothing is under way. */
  none(): Promise<void> {
    if (this.entered === 0) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
