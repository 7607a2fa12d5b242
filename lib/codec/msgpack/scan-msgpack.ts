import { isUtf8 } from 'node:buffer';
import { checkKey, malformed, MAX_VALUES, refused, tooDeep, tooMany } from '../decoding.js';

const FORMAT = 'MessagePack';

/** Bytes that follow the first byte of a value, by that byte less 0xc0, where the value has a fixed size. */
const FIXED: Readonly<Record<number, number>> = {
  0xc0: 0,
  0xc2: 0,
  0xc3: 0,
  0xca: 4,
  0xcb: 8,
  0xcc: 1,
  0xcd: 2,
  0xce: 4,
  0xcf: 8,
  0xd0: 1,
  0xd1: 2,
  0xd2: 4,
  0xd3: 8,
};

/** Bytes of the length that follows the first byte, where the value says its own length. */
const LENGTHS: Readonly<Record<number, number>> = {
  0xc4: 1,
  0xc5: 2,
  0xc6: 4,
  0xd9: 1,
  0xda: 2,
  0xdb: 4,
  0xdc: 2,
  0xdd: 4,
  0xde: 2,
  0xdf: 4,
};

/**
 * Looks through MessagePack, before anything is built of it, for what a decoder would run out of memory by or not notice:
 * lengths beyond the message, nesting, the number of values, extensions, text that is no UTF-8, forbidden keys.
 *
 * @throws MeshError E0000000616 when it is malformed, E0000000400 when it is refused
 */
export function scanMsgpack(bytes: Uint8Array, maxDepth: number): void {
  new MsgpackScan(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), maxDepth).run();
}

class MsgpackScan {
  private at = 0;
  private values = 0;
  /** What is still to come in each container around: values of an array as a count, members of a map as keys and values. */
  private readonly left: number[] = [];
  /** Whether each container around is a map. */
  private readonly maps: boolean[] = [];

  constructor(
    private readonly bytes: Buffer,
    private readonly maxDepth: number,
  ) {}

  run(): void {
    this.value();
    while (this.left.length > 0) {
      const top = this.left.length - 1;
      if (this.left[top] === 0) {
        this.left.pop();
        this.maps.pop();
      } else {
        this.left[top]!--;
        this.value();
      }
    }
    if (this.at < this.bytes.length) throw malformed(FORMAT, `${this.bytes.length - this.at} bytes follow its value`);
  }

  private value(): void {
    if (++this.values > MAX_VALUES) throw tooMany(FORMAT);
    const first = this.number(1);
    if (first < 0x80 || first >= 0xe0) return;
    if (first < 0x90) return this.open(first & 0x0f, 2);
    if (first < 0xa0) return this.open(first & 0x0f, 1);
    if (first < 0xc0) return this.text(first & 0x1f);
    const size = FIXED[first];
    if (size !== undefined) return this.skip(size);
    const lengthSize = LENGTHS[first];
    if (lengthSize === undefined) throw refused(FORMAT, `an extension or unknown type 0x${first.toString(16)}`);
    const length = this.number(lengthSize);
    if (first <= 0xc6) return this.skip(length);
    if (first <= 0xdb) return this.text(length);
    return this.open(length, first <= 0xdd ? 1 : 2);
  }

  /** Enters an array, with one value for each item, or a map, with two. */
  private open(length: number, valuesEach: 1 | 2): void {
    if (this.left.length >= this.maxDepth) throw tooDeep(FORMAT, this.maxDepth);
    const values = length * valuesEach;
    if (values > this.bytes.length - this.at) throw malformed(FORMAT, `${values} values in fewer bytes`);
    this.left.push(values);
    this.maps.push(valuesEach === 2);
  }

  private text(length: number): void {
    const from = this.at;
    this.skip(length);
    const text = this.bytes.subarray(from, this.at);
    if (!isUtf8(text)) throw malformed(FORMAT, 'a text is not valid UTF-8');
    if (length === 9 && this.isKey()) checkKey(FORMAT, text.toString('latin1'));
  }

  /** Whether the value just read is a key: an odd number of keys and values is left. */
  private isKey(): boolean {
    const top = this.left.length - 1;
    return top >= 0 && this.maps[top] === true && this.left[top]! % 2 === 1;
  }

  private number(size: number): number {
    const from = this.at;
    this.skip(size);
    return this.bytes.readUIntBE(from, size);
  }

  private skip(size: number): void {
    if (size > this.bytes.length - this.at) throw malformed(FORMAT, `it ends within a value, at byte ${this.at}`);
    this.at += size;
  }
}
