import type { PtpLayout, PtpMessages, PtpMetadata } from './messages.js';
import { type Field, schemaOf } from './schema.js';

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** A field that is going to be written: its value, and the size of what follows its length. */
interface Piece {
  readonly field: Field;
  readonly value: unknown;
  readonly size: number;
}

/**
 * Encodes a message in protobuf. Fields with default values are left out, as proto3 has it.
 *
 * @param message name of the message
 * @param value its fields
 * @param layout the numbers of an answer's fields
 */
export function encodePtp<M extends keyof PtpMessages>(
  message: M,
  value: PtpMessages[M],
  layout: PtpLayout = 'standard',
): Buffer {
  const pieces: Piece[] = [];
  let total = 0;
  for (const field of schemaOf(message, layout).fields) {
    const content: unknown = (value as PtpMessages[M] & Record<string, unknown>)[field.name];
    if (field.kind === 'map') {
      total += addEntries(pieces, field, content as PtpMetadata);
      continue;
    }
    const size = sizeOf(field, content);
    if (size === 0) continue;
    pieces.push({ field, value: content, size });
    total += 1 + (field.kind === 'int32' ? size : varintSize(size) + size);
  }
  const out = Buffer.allocUnsafe(total);
  let at = 0;
  for (const piece of pieces) at = write(out, at, piece);
  return out;
}

function sizeOf(field: Field, value: unknown): number {
  if (field.kind === 'string') return Buffer.byteLength(value as string);
  if (field.kind === 'bytes') return (value as Uint8Array).byteLength;
  return value === 0 ? 0 : int32Size(value as number);
}

function addEntries(pieces: Piece[], field: Field, map: PtpMetadata): number {
  let total = 0;
  for (const key of Object.keys(map)) {
    const entry = [key, map[key]!] as const;
    const size = stringFieldSize(entry[0]) + stringFieldSize(entry[1]);
    pieces.push({ field, value: entry, size });
    total += 1 + varintSize(size) + size;
  }
  return total;
}

/** Both fields of a map's entry are always written, empty or not, as Google's encoders do. */
function stringFieldSize(text: string): number {
  const size = Buffer.byteLength(text);
  return 1 + varintSize(size) + size;
}

function write(out: Buffer, at: number, { field, value, size }: Piece): number {
  out[at++] = (field.number << 3) | (field.kind === 'int32' ? VARINT : LENGTH_DELIMITED);
  switch (field.kind) {
    case 'int32':
      return writeInt32(out, at, value as number);
    case 'string':
      at = writeVarint(out, at, size);
      return at + out.write(value as string, at, size);
    case 'bytes':
      at = writeVarint(out, at, size);
      out.set(value as Uint8Array, at);
      return at + size;
    case 'map': {
      at = writeVarint(out, at, size);
      const [key, text] = value as readonly [string, string];
      return writeString(out, writeString(out, at, 1, key), 2, text);
    }
  }
}

function writeString(out: Buffer, at: number, number: number, text: string): number {
  out[at++] = (number << 3) | LENGTH_DELIMITED;
  const size = Buffer.byteLength(text);
  at = writeVarint(out, at, size);
  return at + out.write(text, at, size);
}

function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

/** A negative int32 is written as the 64-bit number that it is: ten bytes. */
function int32Size(value: number): number {
  return value < 0 ? 10 : varintSize(value);
}

function writeVarint(out: Buffer, at: number, value: number): number {
  while (value > 0x7f) {
    out[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  out[at++] = value;
  return at;
}

function writeInt32(out: Buffer, at: number, value: number): number {
  if (value >= 0) return writeVarint(out, at, value);
  let low = value | 0;
  for (let i = 0; i < 4; i++, low >>= 7) out[at++] = (low & 0x7f) | 0x80;
  out[at++] = (low & 0x0f) | 0xf0;
  for (let i = 0; i < 4; i++) out[at++] = 0xff;
  out[at++] = 0x01;
  return at;
}
