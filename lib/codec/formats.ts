import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { FieldFormat, FieldFormats } from '../protocol/dialect.js';
import type { Codec } from './codec.js';

/**
 * Finds the codec of a content type, for the messages of the session API that are no protobuf. Of several codecs with one
 * content type the first is taken.
 */
export function fieldFormats(codecs: readonly Codec[]): FieldFormats {
  const byType = new Map<string, FieldFormat>();
  for (const codec of codecs) {
    for (const contentType of codec.contentTypes) {
      if (!byType.has(contentType)) byType.set(contentType, formatOf(codec, contentType));
    }
  }
  return (contentType) => {
    const format = byType.get(contentType);
    if (format) return format;
    const known = [...byType.keys(), 'application/x-protobuf'].map((name) => `'${name}'`).join(', ');
    const shown = JSON.stringify(contentType.slice(0, 100));
    throw new MeshError(MeshCode.ENCODING, `the content type ${shown} is not understood; known: ${known}`);
  };
}

function formatOf(codec: Codec, contentType: string): FieldFormat {
  return {
    contentType,
    encode: (fields) => codec.encode(fields),
    decode: (body) => recordOf(codec.decode(body), contentType),
  };
}

function recordOf(value: unknown, contentType: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new MeshError(MeshCode.ENCODING, `the message (${contentType}) must be an object with named fields`);
}
