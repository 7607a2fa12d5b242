import { MESSAGES, type Party } from './parties.js';

/** A line is printed each time so many messages more have come. */
const STEP = 25;

/** Compares what arrives with what was sent, one message after the other, and prints how far it is. */
export class Progress {
  private count = 0;
  private wrong = 0;

  constructor(
    private readonly self: Party,
    private readonly how: string,
    private readonly expected: readonly string[],
  ) {}

  /** The next message has come. */
  got(text: string): void {
    const expected = this.expected[this.count++];
    if (text !== expected) {
      this.wrong++;
      console.error(`node ${this.self.number}   ${this.how}: expected '${expected}', got '${text}'`);
    }
    if (this.count % STEP === 0) {
      const counted = `${this.count} of ${MESSAGES}`;
      console.log(`node ${this.self.number}   ${this.how.padEnd(12)} ${counted.padStart(10)}   ${text}`);
    }
  }

  /** Messages that came as they were sent, in their order. */
  get verified(): number {
    return this.count - this.wrong;
  }
}
