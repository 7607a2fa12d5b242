import { malformed } from './malformed.js';

const LINE_FEED = 0x0a;

/** Reads lines that end with CRLF out of bytes that come in whatever pieces, up to a limit for all of them. */
export class LineReader {
  /** Where the line just read ended, in the bytes that it ended in. */
  position = 0;
  private begun = '';
  private read = 0;

  /** @param limit most bytes of all lines together */
  constructor(private readonly limit: number) {}

  /** Begins anew to count. */
  reset(): void {
    this.begun = '';
    this.read = 0;
  }

  /**
   * Reads the next line.
   *
   * @param from where to read on
   * @returns it without its end; `undefined` when more has to come first: all bytes are read then
   * @throws Error when it is none, or over the limit
   */
  next(bytes: Buffer, from: number): string | undefined {
    const feed = bytes.indexOf(LINE_FEED, from);
    this.position = feed < 0 ? bytes.length : feed + 1;
    this.read += this.position - from;
    if (this.read > this.limit)
      throw malformed(`its head, or what stands around its body, is over ${this.limit} bytes`);
    const piece = bytes.toString('latin1', from, this.position);
    const line = this.begun === '' ? piece : this.begun + piece;
    if (feed < 0) {
      this.begun = line;
      return undefined;
    }
    this.begun = '';
    if (!line.endsWith('\r\n')) throw malformed('a line does not end with CRLF');
    return line.slice(0, -2);
  }
}
