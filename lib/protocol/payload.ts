import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';

/** Longest text that is written byte by byte: a native call costs more to begin. */
const SHORT_TEXT = 48;

/** What was written in so few bytes is copied when it is handed out; beyond, the buffer itself is handed out. */
const FEW_BYTES = 16 * 1024;

/** Reads numbers and texts out of bytes that a {@link PayloadWriter} wrote, at a peer who may mean harm. */
export class PayloadReader {
  position = 0;

  constructor(private readonly bytes: Buffer) {}

  /** Whether everything has been read. */
  get done(): boolean {
    return this.position >= this.bytes.length;
  }

  /** A number below 2^32, seven bits a byte, the lowest first. @throws MeshError E0000000616 when it is none */
  number(): number {
    const { bytes } = this;
    let value = 0;
    for (let shift = 1, i = 0; i < 5; i++, shift *= 128) {
      const byte = bytes[this.position++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value <= 0xffff_ffff ? value : fail();
    }
    return fail();
  }

  /** So many bytes, as a view. @throws MeshError E0000000616 when they are not there */
  take(length: number): Buffer {
    const end = this.position + length;
    if (end > this.bytes.length) throw violation('a field is longer than its frame');
    const taken = this.bytes.subarray(this.position, end);
    this.position = end;
    return taken;
  }

  /** A text behind its length. @throws MeshError E0000000616 when it is not whole */
  text(): string {
    const length = this.number();
    const start = this.position;
    const end = start + length;
    if (end > this.bytes.length) throw violation('a text is longer than its frame');
    this.position = end;
    return this.bytes.toString('utf8', start, end);
  }

  /** What is left, as a view. */
  rest(): Buffer {
    return this.bytes.subarray(this.position);
  }
}

function fail(): never {
  throw violation('a number is malformed');
}

/** Writes numbers and texts into a buffer that grows. */
export class PayloadWriter {
  private bytes: Buffer;
  length = 0;

  constructor(private readonly capacity = 1024) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** What was written, as a view that holds until {@link clear}. */
  get written(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** What was written, as bytes that nobody else holds. It begins anew. */
  take(): Buffer {
    const { written } = this;
    this.length = 0;
    if (written.length <= FEW_BYTES) return Buffer.from(written);
    this.bytes = Buffer.allocUnsafeSlow(this.capacity);
    return written;
  }

  /** Begins anew. */
  clear(): this {
    this.length = 0;
    return this;
  }

  /** Writes a number below 2^32. */
  number(value: number): this {
    this.reserve(5);
    let rest = value;
    while (rest > 0x7f) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.length++] = rest;
    return this;
  }

  /** Writes a text behind its length. */
  text(value: string): this {
    if (value.length <= SHORT_TEXT && this.ascii(value)) return this;
    const length = Buffer.byteLength(value);
    this.number(length).reserve(length);
    this.bytes.write(value, this.length, length, 'utf8');
    this.length += length;
    return this;
  }

  /** Writes bytes as they are. */
  raw(value: Uint8Array): this {
    this.reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
    return this;
  }

  /** Writes a text that is ASCII; leaves nothing when it is not. */
  private ascii(value: string): boolean {
    const { length } = value;
    this.reserve(length + 1);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = length;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at++] = code;
    }
    this.length = at;
    return true;
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}

/** The error for what breaks the protocol between our own ends. */
export function violation(what: string): MeshError {
  return new MeshError(MeshCode.ENCODING, `the peer broke the protocol: ${what}`);
}
