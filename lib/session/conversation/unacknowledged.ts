/** What a message handed out is told about its end. */
export type Settle = (delivered: boolean) => void;

/** A message that was handed out, and is kept until its arrival is acknowledged. */
interface HandedOut {
  readonly delivery: number;
  readonly settle: Settle;
}

/**
 * The messages that were handed out on one stream and not acknowledged yet. They are numbered from 1; an acknowledgement
 * counts for all up to its number.
 */
export class Unacknowledged {
  private readonly messages: HandedOut[] = [];
  private last = 0;

  /** How many there are. */
  get size(): number {
    return this.messages.length;
  }

  /** The number of the last message handed out; 0 before the first. */
  get lastDelivery(): number {
    return this.last;
  }

  /** Keeps a message that is handed out now. @returns its number */
  add(settle: Settle): number {
    this.messages.push({ delivery: ++this.last, settle });
    return this.last;
  }

  /** All up to this number have arrived. What was acknowledged before is acknowledged still. */
  acknowledge(delivery: number): void {
    const { messages } = this;
    let count = 0;
    while (count < messages.length && messages[count]!.delivery <= delivery) count++;
    for (const { settle } of messages.splice(0, count)) settle(true);
  }

  /** The message handed out last did not go out. */
  takeBackLast(): void {
    this.messages.pop()?.settle(false);
  }

  /** Nothing more is acknowledged: all go back, the first of them first, in case that somebody waits for it. */
  giveBack(): void {
    for (const { settle } of this.messages.splice(0)) settle(false);
  }
}
