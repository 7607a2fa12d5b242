import { PayloadReader, type PayloadWriter, violation } from '../payload.js';
import { type PayloadPlace, standsBehind } from '../payload-place.js';

/** Bytes that stand beside a value instead of in it. */
export interface BytesPart {
  /** Where they belong in the value: the names of members and places in lists, from the outermost; empty for the value itself. */
  readonly path: readonly string[];
  readonly bytes: Uint8Array;
}

/** A value on the wire: what a codec wrote of it, and the bytes taken out before. */
export interface PackedContent {
  /** Media type of what the codec wrote; empty for `application/json`. */
  readonly contentType: string;
  readonly encoded: Uint8Array;
  readonly parts: readonly BytesPart[];
}

/** A value to be written: what the codec says of it is there as bytes, or as the text that they are in UTF-8. */
export interface ContentToWrite {
  readonly contentType: string;
  readonly encoded: Uint8Array | string;
  readonly parts: readonly BytesPart[];
}

/** Most bytes beside one value; further ones stay in it. */
export const MAX_PARTS = 1_024;

/** Deepest place of bytes beside a value; deeper ones stay in it. */
export const MAX_PART_DEPTH = 32;

/** Longest media type, in bytes. */
const MAX_CONTENT_TYPE = 256;

/**
 * Writes a content: to the end of what is written.
 *
 * @param place `behind`: what comes last of it, when it is long, is not written, but handed back, to be sent behind all else
 */
export function writeContent(
  out: PayloadWriter,
  { contentType, encoded, parts }: ContentToWrite,
  place: PayloadPlace,
): Uint8Array | undefined {
  out.text(contentType).number(parts.length);
  for (const { path, bytes } of parts) {
    out.number(path.length);
    for (const name of path) out.text(name);
    out.number(bytes.length);
  }
  if (parts.length === 0 && typeof encoded !== 'string') return writeLast(out, encoded, place);
  if (typeof encoded === 'string') out.utf8(encoded);
  else out.raw(encoded);
  if (parts.length === 0) return undefined;
  const last = parts.length - 1;
  for (let at = 0; at < last; at++) out.raw((parts[at] as BytesPart).bytes);
  return writeLast(out, (parts[last] as BytesPart).bytes, place);
}

function writeLast(out: PayloadWriter, bytes: Uint8Array, place: PayloadPlace): Uint8Array | undefined {
  if (standsBehind(bytes, place)) return bytes;
  out.raw(bytes);
  return undefined;
}

/** Reads what {@link writeContent} wrote; bytes are views. @throws MeshError E0000000616 when it is malformed */
export function readContent(input: PayloadReader): PackedContent {
  const contentType = input.text();
  if (contentType.length > MAX_CONTENT_TYPE) throw violation('the media type of a content is too long');
  const count = input.number();
  if (count === 0) return { contentType, encoded: input.rest(), parts: [] };
  if (count > MAX_PARTS) throw violation(`a content has ${count} parts, more than ${MAX_PARTS}`);
  return { contentType, ...readParts(input, count) };
}

function readParts(input: PayloadReader, count: number): Pick<PackedContent, 'encoded' | 'parts'> {
  const places: { readonly path: readonly string[]; readonly length: number }[] = [];
  let beside = 0;
  for (let i = 0; i < count; i++) {
    const place = { path: readPath(input), length: input.number() };
    places.push(place);
    beside += place.length;
  }
  const all = input.rest();
  let position = all.length - beside;
  if (position < 0) throw violation('the parts of a content are longer than what came');
  const encoded = all.subarray(0, position);
  const parts = places.map(({ path, length }) => {
    const bytes = all.subarray(position, position + length);
    position += length;
    return { path, bytes };
  });
  return { encoded, parts };
}

function readPath(input: PayloadReader): readonly string[] {
  const depth = input.number();
  if (depth > MAX_PART_DEPTH) throw violation(`a part stands ${depth} levels deep, deeper than ${MAX_PART_DEPTH}`);
  const path: string[] = [];
  for (let i = 0; i < depth; i++) path.push(input.text());
  return path;
}
