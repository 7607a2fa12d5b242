import { emptyRecord } from '../../collections/records.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { MAX_ATTACHMENT_LENGTH, MAX_ATTACHMENTS } from '../envelope.js';
import { MAX_HEADER_LENGTH } from '../headers.js';

/** Longest wait that the wire can say, in ms: its field is an int32. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Longest topic that is read, in characters: as long as a header may be. What is accepted is up to `sessions.maxTopicBytes`. */
const MAX_TOPIC_LENGTH = MAX_HEADER_LENGTH;

const NOTHING = new Uint8Array(0);

/** The plain fields of a message, decoded from some content type. */
export type Fields = Readonly<Record<string, unknown>>;

/** The first of the names that has a value; `undefined` when none has. Only own members count. */
export function fieldOf(fields: Fields, ...names: readonly string[]): unknown {
  for (const name of names) {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

/**
 * A text; empty when there is none. Formats without types give numbers for texts such as `5`, and those count as texts.
 * @throws MeshError E0000000400 when it is something else
 */
export function readText(name: string, value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  throw invalid(`'${name}' must be a text, got ${kindOf(value)}`);
}

/**
 * Checks a topic.
 * @throws MeshError E0000000400 when it is too long, or no well-formed text
 */
export function checkTopic(topic: string): string {
  if (topic.length > MAX_TOPIC_LENGTH) {
    throw invalid(`a topic has at most ${MAX_TOPIC_LENGTH} characters, got ${topic.length}`);
  }
  // A half of a surrogate pair has no UTF-8, and would arrive as another topic.
  if (/\p{Surrogate}/u.test(topic)) throw invalid('the topic is not well-formed text: it has half a surrogate pair');
  return topic;
}

/**
 * Bytes: as they are where the format has bytes, else standard base64, whose padding may be missing.
 * @throws MeshError E0000000400 when it is neither
 */
export function readBytes(name: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return value === '' ? NOTHING : fromBase64(name, value);
  throw invalid(`'${name}' must be bytes in base64, got ${kindOf(value)}`);
}

/** Node skips what is no base64; what was skipped is missing from the bytes. */
function fromBase64(name: string, text: string): Uint8Array {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  const isWhole = digits % 4 !== 1 && (padding === 0 || text.length % 4 === 0);
  const bytes = Buffer.from(text, 'base64');
  if (!isWhole || bytes.byteLength !== Math.floor((digits * 3) / 4)) throw invalid(`'${name}' is not base64`);
  return bytes;
}

/**
 * A wait in ms; `undefined` when the caller leaves it to the server, by saying nothing or 0.
 * @throws MeshError E0000000400 when it is no whole number from 0 to {@link MAX_TIMEOUT_MS}
 */
export function readTimeout(name: string, value: unknown): number | undefined {
  if (value === undefined || value === '') return undefined;
  const ms = typeof value === 'string' && /^\s*-?\d{1,15}\s*$/.test(value) ? Number(value) : value;
  if (typeof ms === 'number' && Number.isInteger(ms) && ms >= 0 && ms <= MAX_TIMEOUT_MS) {
    return ms === 0 ? undefined : ms;
  }
  const got = typeof value === 'number' || typeof value === 'bigint' ? String(value) : kindOf(value);
  throw invalid(`'${name}' must be a whole number of ms from 0 to ${MAX_TIMEOUT_MS}, got ${got}`);
}

/**
 * A wait in ms as it is sent: a whole number; 0 when it is left to the server. Since 0 has that meaning, a caller who does
 * not want to wait asks for the shortest wait there is.
 * @throws MeshError E0000000400 when it is negative, no number, or more than {@link MAX_TIMEOUT_MS}
 */
export function writeTimeout(timeoutMs: number | undefined): number {
  if (timeoutMs === undefined) return 0;
  if (timeoutMs >= 0 && timeoutMs <= MAX_TIMEOUT_MS) return Math.max(1, Math.ceil(timeoutMs));
  throw invalid(`a timeout must be from 0 to ${MAX_TIMEOUT_MS} ms, got ${timeoutMs}`);
}

/**
 * A map of texts that inherits nothing.
 * @throws MeshError E0000000400 when it is none, has too many entries or too long ones, or `__proto__` for a name
 */
export function readMetadata(value: unknown): Record<string, string> {
  const metadata = emptyRecord();
  // Formats without types have an empty text for an empty map.
  if (value === undefined || value === '') return metadata;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    throw invalid(`'metadata' must be a map of texts, got ${kindOf(value)}`);
  }
  const entries = Object.entries(value as Fields);
  if (entries.length > MAX_ATTACHMENTS) {
    throw invalid(`'metadata' has at most ${MAX_ATTACHMENTS} entries, got ${entries.length}`);
  }
  for (const [name, entry] of entries) {
    if (entry === null || entry === undefined) continue;
    metadata[name] = checkEntry(name, readText(`metadata.${name.slice(0, 100)}`, entry));
  }
  return metadata;
}

function checkEntry(name: string, text: string): string {
  if (name === '__proto__') throw invalid("'metadata' must not have the name '__proto__'");
  const length = Math.max(name.length, text.length);
  if (length <= MAX_ATTACHMENT_LENGTH) return text;
  const what = `has at most ${MAX_ATTACHMENT_LENGTH} characters, name and value each`;
  throw invalid(`an entry of 'metadata' ${what}, got ${length}`);
}

/** What a value is, in a few words. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** A request that is understood and refused. */
export function invalid(what: string): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, `invalid request: ${what}`);
}
