import { types } from 'node:util';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import {
  type BytesPart,
  type ContentToWrite,
  MAX_PART_DEPTH,
  MAX_PARTS,
  type PackedContent,
} from '../protocol/packed/packed-content.js';
import type { Codec } from './codec.js';

/** Media type that a content without one is of. */
const DEFAULT_TYPE = 'application/json';

/** Bytes as few as these stay in the value: base64 costs less than their place beside it. */
const FEW_BYTES = 128;

/** Lists and objects of one value that bytes are looked for in; what stands in further ones stays there. */
const MAX_LOOKED_INTO = 65_536;

/** Bytes as few as these are copied when they are handed out, so that they hold no more memory than they take. */
const FEW_TO_HOLD = 8 * 1024;

const none: readonly BytesPart[] = [];

/** Says whether bytes are expected at a place of a value. */
export type ExpectsBytes = (path: readonly string[]) => boolean;

/** The content type of what a codec writes. */
export function contentTypeOf({ contentTypes }: Codec): string {
  return contentTypes[0] ?? DEFAULT_TYPE;
}

/** Writes a value by a codec, bytes beside it where the codec would write text of them. */
export function packContent(codec: Codec, value: unknown): ContentToWrite {
  const type = contentTypeOf(codec);
  const contentType = type === DEFAULT_TYPE ? '' : type;
  if (!codec.bytesAsText) return { contentType, encoded: codec.encode(value), parts: none };
  const text = codec.encodeText?.(value);
  if (text !== undefined) return { contentType, encoded: text, parts: none };
  const taker = new BytesTaker();
  const rest = taker.take(value);
  return { contentType, encoded: codec.encode(rest), parts: taker.parts.length === 0 ? none : taker.parts };
}

/** Whether a codec reads a content. */
export function reads(codec: Codec, { contentType }: PackedContent): boolean {
  return codec.contentTypes.includes(contentType === '' ? DEFAULT_TYPE : contentType);
}

/**
 * Reads a value that {@link packContent} wrote.
 *
 * @param expectsBytes where bytes are wanted; elsewhere they become the base64 text that the codec would have written of them
 * @throws MeshError what the codec throws; E0000000616 when a part has no place in the value
 */
export function unpackContent(codec: Codec, content: PackedContent, expectsBytes: ExpectsBytes): unknown {
  let value = codec.decode(content.encoded);
  for (const { path, bytes } of content.parts) {
    const said = expectsBytes(path)
      ? held(bytes)
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
    value = putAt(value, path, said);
  }
  return value;
}

/** Takes the larger bytes out of a value, and leaves `null` in their places. What has none is handed back as it is. */
class BytesTaker {
  readonly parts: BytesPart[] = [];
  private readonly path: string[] = [];
  /** A value that refers to itself has no end; who writes it says so. */
  private left = MAX_LOOKED_INTO;

  take(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (types.isUint8Array(value)) return this.takeBytes(value);
    if (this.path.length >= MAX_PART_DEPTH || this.left-- <= 0 || 'toJSON' in value) return value;
    if (Array.isArray(value)) return this.takeFromList(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return value;
    return this.takeFromRecord(value as Readonly<Record<string, unknown>>);
  }

  private takeBytes(bytes: Uint8Array): Uint8Array | null {
    if (bytes.length <= FEW_BYTES || this.parts.length >= MAX_PARTS) return bytes;
    this.parts.push({ path: [...this.path], bytes });
    return null;
  }

  private takeFromList(list: readonly unknown[]): readonly unknown[] {
    let taken: unknown[] | undefined;
    for (let at = 0; at < list.length; at++) {
      const item = list[at];
      if (typeof item !== 'object' || item === null) continue;
      const rest = this.takeAt(String(at), item);
      if (rest !== item) (taken ??= [...list])[at] = rest;
    }
    return taken ?? list;
  }

  private takeFromRecord(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    let taken: Record<string, unknown> | undefined;
    for (const name in record) {
      const member = record[name];
      if (typeof member !== 'object' || member === null) continue;
      const rest = this.takeAt(name, member);
      if (rest !== member) (taken ??= { ...record })[name] = rest;
    }
    return taken ?? record;
  }

  private takeAt(name: string, value: object): unknown {
    this.path.push(name);
    const rest = this.take(value);
    this.path.pop();
    return rest;
  }
}

function held(bytes: Uint8Array): Uint8Array {
  return bytes.length <= FEW_TO_HOLD ? Buffer.from(bytes) : bytes;
}

function putAt(value: unknown, path: readonly string[], said: unknown): unknown {
  if (path.length === 0) {
    if (value !== null) throw misplaced();
    return said;
  }
  let holder = value;
  for (let at = 0; at < path.length - 1; at++) holder = memberOf(holder, path[at] as string);
  const last = path[path.length - 1] as string;
  if (memberOf(holder, last) !== null) throw misplaced();
  (holder as Record<string, unknown>)[last] = said;
  return value;
}

function memberOf(holder: unknown, name: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name) || name === '__proto__') {
    throw misplaced();
  }
  return (holder as Readonly<Record<string, unknown>>)[name];
}

function misplaced(): MeshError {
  return new MeshError(
    MeshCode.ENCODING,
    'the peer broke the protocol: bytes stand beside a value that has no place for them',
  );
}
