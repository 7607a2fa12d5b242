const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Texts shorter than this are looked through for ASCII first, and written character by character when they are. */
const MAX_SHORT_TEXT = 128;

/** Most bytes of the number and the length of a field, and of a number. */
const MAX_HEAD = 6;
const MAX_INT32 = 10;

/** Most bytes that a text field takes. */
export function roomOfText(text: string): number {
  return MAX_HEAD + 3 * text.length;
}

/** Most bytes that a field of bytes takes. */
export function roomOfBytes(bytes: Uint8Array): number {
  return MAX_HEAD + bytes.byteLength;
}

/** Most bytes that stand before bytes: the number and the length of their field. */
export const ROOM_OF_HEAD = MAX_HEAD;

/** Most bytes that a number takes. */
export const ROOM_OF_INT32 = 1 + MAX_INT32;

/** Most bytes that a map takes. */
export function roomOfMap(map: Readonly<Record<string, string>>): number {
  let room = 0;
  for (const key of Object.keys(map)) room += MAX_HEAD + roomOfText(key) + roomOfText(map[key]!);
  return room;
}

/**
 * Writes the fields of a protobuf message, one after the other, into memory that is large enough from the start. Fields with
 * default values are left out, as proto3 has it. Field numbers are at most 15.
 */
export class WireWriter {
  private readonly out: Buffer;
  private at = 0;

  /** @param room most bytes that the fields take together */
  constructor(room: number) {
    this.out = Buffer.allocUnsafe(room);
  }

  /** What was written. */
  finish(): Buffer {
    return this.out.subarray(0, this.at);
  }

  /** Writes a text, unless it is empty. */
  text(field: number, text: string): void {
    if (text !== '') this.textAlways(field, text);
  }

  /** Writes bytes, unless they are none. */
  bytes(field: number, bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    this.headOf(field, bytes);
    this.out.set(bytes, this.at);
    this.at += bytes.byteLength;
  }

  /** Writes what stands before bytes, which are to follow what is written, as the last field. */
  headOf(field: number, bytes: Uint8Array): void {
    this.head(field, LENGTH_DELIMITED);
    this.varint(bytes.byteLength);
  }

  /** Writes a number, unless it is 0. A negative one is written as the 64-bit number that it is: ten bytes. */
  int32(field: number, value: number): void {
    if (value === 0) return;
    this.head(field, VARINT);
    if (value > 0) return this.varint(value);
    let low = value | 0;
    for (let i = 0; i < 4; i++, low >>= 7) this.out[this.at++] = (low & 0x7f) | 0x80;
    this.out[this.at++] = (low & 0x0f) | 0xf0;
    for (let i = 0; i < 4; i++) this.out[this.at++] = 0xff;
    this.out[this.at++] = 0x01;
  }

  /** Writes the entries of a map. Both parts of an entry are always written, empty or not, as Google's encoders do. */
  map(field: number, map: Readonly<Record<string, string>>): void {
    for (const key of Object.keys(map)) {
      this.head(field, LENGTH_DELIMITED);
      const length = this.at++;
      this.textAlways(1, key);
      this.textAlways(2, map[key]!);
      this.insertLength(length);
    }
  }

  private head(field: number, wireType: number): void {
    this.out[this.at++] = (field << 3) | wireType;
  }

  private textAlways(field: number, text: string): void {
    this.head(field, LENGTH_DELIMITED);
    if (text.length < MAX_SHORT_TEXT && this.ascii(text)) return;
    this.varint(Buffer.byteLength(text));
    this.at += this.out.write(text, this.at);
  }

  /** Writes length and text, when it is all ASCII. */
  private ascii(text: string): boolean {
    const { out } = this;
    const { length } = text;
    const begin = this.at + 1;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      out[begin + i] = code;
    }
    out[this.at] = length;
    this.at = begin + length;
    return true;
  }

  /** Writes the length of what follows its place; what follows moves when one byte, which was left for it, is too little. */
  private insertLength(place: number): void {
    const end = this.at;
    const length = end - place - 1;
    this.at = place;
    if (length > 0x7f) this.out.copyWithin(place + sizeOfVarint(length), place + 1, end);
    this.varint(length);
    this.at += length;
  }

  private varint(value: number): void {
    while (value > 0x7f) {
      this.out[this.at++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    this.out[this.at++] = value;
  }
}

function sizeOfVarint(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}
