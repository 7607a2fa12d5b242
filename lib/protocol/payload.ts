import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';

/** Longest text that is written byte by byte: a native call costs more to begin. */
const SHORT_TEXT = 48;

/** Longest text for which as much room is made as any of its length may take: to count what it takes costs more. */
const MEDIUM_TEXT = 1024;

/** Most bytes that a character of a text takes. */
const MAX_UTF8_BYTES = 3;

/** Reads numbers and texts out of bytes that a {@link PayloadWriter} wrote, at a peer who may mean harm. */
export class PayloadReader {
  /** What is read next. */
  position = 0;
  private end: number;

  constructor(private bytes: Buffer) {
    this.end = bytes.length;
  }

  /** Goes on with a part of other bytes. */
  aim(bytes: Buffer, start: number, end: number): this {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    return this;
  }

  /** Whether everything has been read. */
  get done(): boolean {
    return this.position >= this.end;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.end - this.position;
  }

  /** The memory that it stands in, where there is more behind it. */
  get memoryShared(): ArrayBufferLike | undefined {
    return this.end < this.bytes.length ? this.bytes.buffer : undefined;
  }

  /** The byte that is read next; 0 when there is none. */
  get next(): number {
    return this.done ? 0 : (this.bytes[this.position] as number);
  }

  /** A number below 2^32, seven bits a byte, the lowest first. @throws MeshError E0000000616 when it is none */
  number(): number {
    const first = this.next;
    if (first < 0x80 && !this.done) {
      this.position++;
      return first;
    }
    return this.longNumber();
  }

  /** So many bytes, as a view. @throws MeshError E0000000616 when they are not there */
  take(length: number): Buffer {
    if (length > this.left) throw violation('a field is longer than its frame');
    const start = this.position;
    this.position += length;
    return this.bytes.subarray(start, this.position);
  }

  /** A text behind its length. @throws MeshError E0000000616 when it is not whole */
  text(): string {
    const length = this.number();
    if (length === 0) return '';
    if (length > this.left) throw violation('a text is longer than its frame');
    const start = this.position;
    this.position += length;
    return this.bytes.toString('utf8', start, this.position);
  }

  /** What is left, as a view. */
  rest(): Buffer {
    return this.bytes.subarray(this.position, this.end);
  }

  /** What is left, as a copy. */
  copy(): Buffer {
    const copy = Buffer.allocUnsafe(this.left);
    this.bytes.copy(copy, 0, this.position, this.end);
    return copy;
  }

  private longNumber(): number {
    const { bytes, end } = this;
    let value = 0;
    for (let shift = 1, i = 0; i < 5 && this.position < end; i++, shift *= 128) {
      const byte = bytes[this.position++] as number;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value <= 0xffff_ffff ? value : fail();
    }
    return fail();
  }
}

function fail(): never {
  throw violation('a number is malformed');
}

/** Most bytes that a number takes. */
export const MAX_NUMBER_BYTES = 5;

/** How many bytes a number takes. */
export function sizeOfNumber(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Writes a number below 2^32. @returns where it ends */
export function writeNumber(bytes: Buffer, at: number, value: number): number {
  let end = at;
  let rest = value;
  while (rest > 0x7f) {
    bytes[end++] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[end++] = rest;
  return end;
}

/** Writes numbers and texts into a buffer that grows. */
export class PayloadWriter {
  private bytes: Buffer;
  private begin = 0;
  private end = 0;

  /** @param capacity bytes of the first buffer, and of those that follow those that were taken */
  constructor(private readonly capacity = 1024) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** What was written, as a view that holds until {@link clear}. */
  get written(): Buffer {
    return this.bytes.subarray(this.begin, this.end);
  }

  /** Begins anew. */
  clear(): this {
    this.end = this.begin;
    return this;
  }

  /**
   * What was written, to be kept, and begins anew behind it: nothing is copied. As long as it is kept, so is the buffer that it is
   * part of, with what was taken before and after it.
   */
  take(): Buffer {
    const { written } = this;
    this.begin = this.end;
    return written;
  }

  /** Writes a number below 2^32. */
  number(value: number): this {
    this.reserve(MAX_NUMBER_BYTES);
    this.end = writeNumber(this.bytes, this.end, value);
    return this;
  }

  /** Writes a text behind its length. */
  text(value: string): this {
    if (value.length <= SHORT_TEXT && this.ascii(value)) return this;
    const length = Buffer.byteLength(value);
    this.number(length).reserve(length);
    this.bytes.write(value, this.end, length, 'utf8');
    this.end += length;
    return this;
  }

  /** Writes a text without its length: for where the end shows. */
  utf8(value: string): this {
    this.reserve(value.length <= MEDIUM_TEXT ? MAX_UTF8_BYTES * value.length : Buffer.byteLength(value));
    this.end += this.bytes.write(value, this.end, 'utf8');
    return this;
  }

  /** Writes bytes as they are. */
  raw(value: Uint8Array): this {
    this.reserve(value.length);
    this.bytes.set(value, this.end);
    this.end += value.length;
    return this;
  }

  /** Writes a text that is ASCII; leaves nothing when it is not. */
  private ascii(value: string): boolean {
    const { length } = value;
    this.reserve(length + 1);
    const { bytes } = this;
    let at = this.end;
    bytes[at++] = length;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at++] = code;
    }
    this.end = at;
    return true;
  }

  private reserve(more: number): void {
    if (this.end + more > this.bytes.length) this.grow(more);
  }

  private grow(more: number): void {
    const length = this.end - this.begin;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.capacity, length + more, 2 * length));
    this.bytes.copy(grown, 0, this.begin, this.end);
    this.bytes = grown;
    this.begin = 0;
    this.end = length;
  }
}

/** The error for what breaks the protocol between our own ends. */
export function violation(what: string): MeshError {
  return new MeshError(MeshCode.ENCODING, `the peer broke the protocol: ${what}`);
}
