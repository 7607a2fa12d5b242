import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const START_GROUP = 3;
const END_GROUP = 4;
const FIXED32 = 5;

/** Deepest nesting of groups that is skipped: nobody sends any. */
const MAX_GROUPS = 16;

/** Most entries of a map that are read. */
const MAX_ENTRIES = 1_024;

/** Bytes of the longest varint. */
const MAX_VARINT = 10;

/** The tag of a field that is a text, bytes, or an entry of a map. */
export function lengthDelimited(field: number): number {
  return (field << 3) | LENGTH_DELIMITED;
}

/** The tag of a field that is a number. */
export function varint(field: number): number {
  return (field << 3) | VARINT;
}

const KEY = lengthDelimited(1);
const VALUE = lengthDelimited(2);

/**
 * Reads the fields of a protobuf message, which may have been written by anybody: every length is checked before it is
 * believed. A tag of another wire type is not the tag asked for, so such a field is skipped like an unknown one.
 */
export class WireReader {
  private readonly data: Buffer;
  private readonly end: number;
  private at = 0;
  private entries = 0;

  /** @param what name of the message, for errors */
  constructor(
    data: Uint8Array,
    private readonly what: string,
  ) {
    this.data = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    this.end = data.byteLength;
  }

  /** The tag of the next field; 0 at the end. */
  tag(): number {
    if (this.at === this.end) return 0;
    const tag = this.uint32();
    if (tag >>> 3 === 0) throw this.malformed('the field number 0');
    return tag;
  }

  /** A number of up to ten bytes; of a longer one than fits the low 32 bits. */
  int32(): number {
    let value = 0;
    for (let i = 0; i < MAX_VARINT; i++) {
      if (this.at >= this.end) throw this.malformed('an end within a number');
      const byte = this.data[this.at++]!;
      if (i < 5) value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value;
    }
    throw this.malformed(`a number of more than ${MAX_VARINT} bytes`);
  }

  /** Bytes: a view, not a copy. */
  bytes(): Buffer {
    const length = this.length();
    const from = this.at;
    return this.data.subarray(from, this.pass(length));
  }

  /** A text. */
  text(): string {
    const length = this.length();
    if (length === 0) return '';
    const from = this.at;
    const text = this.data.toString('utf8', from, this.pass(length));
    // Node replaces what is no UTF-8; where the replacement shows up, look whether it was really there.
    if (text.includes('\uFFFD') && Buffer.compare(Buffer.from(text), this.data.subarray(from, this.at)) !== 0) {
      throw this.malformed('text that is no UTF-8');
    }
    return text;
  }

  /** An entry of a map; the last of several with one key counts. */
  entry(map: Record<string, string>): void {
    if (++this.entries > MAX_ENTRIES) throw this.malformed(`more than ${MAX_ENTRIES} entries in a map`);
    const end = this.length() + this.at;
    let key = '';
    let value = '';
    while (this.at < end) {
      const tag = this.tag();
      if (tag === KEY) key = this.text();
      else if (tag === VALUE) value = this.text();
      else this.skip(tag);
    }
    if (this.at !== end) throw this.malformed('an entry of a map that ends beyond its length');
    map[key] = value;
  }

  /** Passes over a field. */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case VARINT:
        this.int32();
        return;
      case FIXED64:
        this.pass(8);
        return;
      case LENGTH_DELIMITED:
        this.pass(this.length());
        return;
      case FIXED32:
        this.pass(4);
        return;
      case START_GROUP:
        return this.skipGroup(tag >>> 3, depth + 1);
      default:
        throw this.malformed(`an unknown wire type ${tag & 7}`);
    }
  }

  private skipGroup(field: number, depth: number): void {
    if (depth > MAX_GROUPS) throw this.malformed(`groups nested deeper than ${MAX_GROUPS}`);
    for (let tag = this.tag(); (tag & 7) !== END_GROUP || tag >>> 3 !== field; tag = this.tag()) {
      if (tag === 0 || (tag & 7) === END_GROUP) throw this.malformed('a group that does not end');
      this.skip(tag, depth);
    }
  }

  private length(): number {
    const length = this.uint32();
    const left = this.end - this.at;
    if (length > left) throw this.malformed(`a length of ${length} with ${left} bytes left`);
    return length;
  }

  /** Goes on by so many bytes, and says where that is. */
  private pass(length: number): number {
    if (length > this.end - this.at) throw this.malformed('an end within a field');
    return (this.at += length);
  }

  /** A number of 32 bits, which tags and lengths are: of five bytes at most. */
  private uint32(): number {
    const first = this.at < this.end ? this.data[this.at]! : 0x80;
    if (first < 0x80) {
      this.at++;
      return first;
    }
    let value = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      if (this.at >= this.end) throw this.malformed('an end within a number');
      const byte = this.data[this.at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80 && (shift < 28 || byte <= 0x0f)) return value >>> 0;
    }
    throw this.malformed('a number of more than 32 bits');
  }

  private malformed(what: string): MeshError {
    return new MeshError(MeshCode.ENCODING, `no ${this.what} in protobuf: ${what}, at byte ${this.at}`);
  }
}
