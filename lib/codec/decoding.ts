import { isUtf8 } from 'node:buffer';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';

/** Most values in a message of a format whose library builds them in JavaScript: a hostile message takes time and memory. */
export const MAX_VALUES = 1_000_000;

/**
 * Decodes with a library, whose own errors and exhausted stacks become a MeshError.
 *
 * @param format name of the format, for messages
 * @throws MeshError E0000000616 for whatever else is thrown
 */
export function decodeBy<T>(format: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof MeshError) throw error;
    const reason = error instanceof Error ? error.message.split('\n', 1)[0]?.slice(0, 300) : String(error);
    throw malformed(format, reason ?? 'it cannot be read', error);
  }
}

/**
 * The text of a message, without its byte order mark.
 * @throws MeshError E0000000616 when it is not UTF-8
 */
export function textOf(format: string, bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw malformed(format, 'it is not valid UTF-8');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** Bytes that are not of a format. */
export function malformed(format: string, reason: string, cause?: unknown): MeshError {
  return new MeshError(MeshCode.ENCODING, `the message is no ${format}: ${reason}`, { cause });
}

/** Bytes of a format that are refused nevertheless. */
export function refused(format: string, what: string): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, `the ${format} is refused: ${what}`);
}

/** Refuses what is nested too deep. */
export function tooDeep(format: string, maxDepth: number): MeshError {
  return refused(format, `it is nested deeper than ${maxDepth} levels`);
}

/** Refuses `__proto__` for a key. */
export function checkKey(format: string, key: string): string {
  if (key === '__proto__') throw refused(format, "it has '__proto__' for a key");
  return key;
}

/** Refuses too many values. */
export function tooMany(format: string): MeshError {
  return refused(format, `it has more than ${MAX_VALUES} values`);
}

/** A value as every codec hands it out: integers that a `number` holds are one. */
export function integerOf(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
