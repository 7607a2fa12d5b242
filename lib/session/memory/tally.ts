/** At most how much may be held. */
export interface Bounds {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/** Counts messages and their bytes. */
export class Tally {
  messages = 0;
  bytes = 0;

  /** Whether a message of a size still fits within bounds. */
  fits(size: number, { maxMessages, maxBytes }: Bounds): boolean {
    return this.messages < maxMessages && this.bytes + size <= maxBytes;
  }

  /** Counts one message more. */
  add(size: number): void {
    this.messages++;
    this.bytes += size;
  }

  /** Counts one message less. */
  subtract(size: number): void {
    this.messages--;
    this.bytes -= size;
  }

  /** Counts all of another tally more. */
  addAll({ messages, bytes }: Tally): void {
    this.messages += messages;
    this.bytes += bytes;
  }

  /** Counts all of another tally less. */
  subtractAll({ messages, bytes }: Tally): void {
    this.messages -= messages;
    this.bytes -= bytes;
  }
}
