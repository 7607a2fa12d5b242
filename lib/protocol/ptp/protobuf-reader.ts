import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { PtpLayout, PtpMessages } from './messages.js';
import { type Field, type Schema, schemaOf } from './schema.js';

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

/** The bytes of a field that the message did not have: compared by identity, since a field that is there may be empty, too. */
export const ABSENT_BYTES: Uint8Array = Buffer.alloc(0);

/**
 * Decodes a message from protobuf. Unknown fields and fields of another wire type are skipped. Payloads are views of the
 * bytes given, not copies.
 *
 * @throws MeshError E0000000616 when the bytes are no such message
 */
export function decodePtp<M extends keyof PtpMessages>(
  message: M,
  bytes: Uint8Array,
  layout: PtpLayout = 'standard',
): PtpMessages[M] {
  const read: object = new PtpReader(bytes, schemaOf(message, layout)).read();
  return read as PtpMessages[M];
}

class PtpReader {
  private readonly bytes: Buffer;
  private readonly end: number;
  private at = 0;
  private entries = 0;

  constructor(
    bytes: Uint8Array,
    private readonly schema: Schema,
  ) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.byteLength;
  }

  read(): Record<string, unknown> {
    const message = emptyMessage(this.schema);
    while (this.at < this.end) {
      const tag = this.tag();
      const field = this.schema.byNumber[tag >>> 3];
      if (!field || wireTypeOf(field) !== (tag & 7)) this.skip(tag);
      else if (field.kind === 'map') this.entry(message[field.name] as Record<string, string>);
      else message[field.name] = this.value(field);
    }
    return message;
  }

  private value(field: Field): unknown {
    switch (field.kind) {
      case 'int32':
        return this.varint() | 0;
      case 'string':
        return this.text(this.length());
      default:
        return this.view(this.length());
    }
  }

  private entry(map: Record<string, string>): void {
    if (++this.entries > MAX_ENTRIES) throw this.malformed(`more than ${MAX_ENTRIES} entries in a map`);
    const end = this.length() + this.at;
    let key = '';
    let value = '';
    while (this.at < end) {
      const tag = this.tag();
      const isText = (tag & 7) === LENGTH_DELIMITED;
      if (isText && tag >>> 3 === 1) key = this.text(this.length());
      else if (isText && tag >>> 3 === 2) value = this.text(this.length());
      else this.skip(tag);
    }
    if (this.at !== end) throw this.malformed('an entry of a map that ends beyond its length');
    map[key] = value;
  }

  private tag(): number {
    const tag = this.varint() >>> 0;
    if (tag >>> 3 === 0) throw this.malformed('the field number 0');
    return tag;
  }

  /** The low 32 bits of a varint of up to ten bytes. */
  private varint(): number {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      if (this.at >= this.end) throw this.malformed('an end within a number');
      const byte = this.bytes[this.at++]!;
      if (i < 5) value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value;
    }
    throw this.malformed('a number of more than ten bytes');
  }

  private length(): number {
    const length = this.varint() >>> 0;
    if (length > this.end - this.at)
      throw this.malformed(`a length of ${length} with ${this.end - this.at} bytes left`);
    return length;
  }

  private view(length: number): Buffer {
    const view = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return view;
  }

  private text(length: number): string {
    const from = this.at;
    const text = this.view(length).toString('utf8');
    // Node replaces what is no UTF-8; where the replacement shows up, look whether it was really there.
    if (text.includes('\uFFFD') && Buffer.compare(Buffer.from(text), this.bytes.subarray(from, this.at)) !== 0) {
      throw this.malformed('text that is no UTF-8');
    }
    return text;
  }

  private skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case VARINT:
        this.varint();
        return;
      case FIXED64:
        return this.advance(8);
      case LENGTH_DELIMITED:
        return this.advance(this.length());
      case FIXED32:
        return this.advance(4);
      case START_GROUP:
        return this.skipGroup(tag >>> 3, depth + 1);
      default:
        throw this.malformed(`an unknown wire type ${tag & 7}`);
    }
  }

  private skipGroup(number: number, depth: number): void {
    if (depth > MAX_GROUPS) throw this.malformed(`groups nested deeper than ${MAX_GROUPS}`);
    for (;;) {
      const tag = this.tag();
      if ((tag & 7) !== END_GROUP) this.skip(tag, depth);
      else if (tag >>> 3 === number) return;
      else throw this.malformed('a group that ends as another');
    }
  }

  private advance(length: number): void {
    if (length > this.end - this.at) throw this.malformed('an end within a field');
    this.at += length;
  }

  private malformed(what: string): MeshError {
    return new MeshError(MeshCode.ENCODING, `no ${this.schema.name} in protobuf: ${what}, at byte ${this.at}`);
  }
}

function wireTypeOf(field: Field): number {
  return field.kind === 'int32' ? VARINT : LENGTH_DELIMITED;
}

function emptyMessage(schema: Schema): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  for (const { name, kind } of schema.fields) {
    message[name] = kind === 'map' ? Object.create(null) : kind === 'bytes' ? ABSENT_BYTES : kind === 'int32' ? 0 : '';
  }
  if (!('metadata' in message)) message['metadata'] = Object.create(null);
  return message;
}
