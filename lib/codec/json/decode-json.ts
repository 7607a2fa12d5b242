import { constants, isAscii, isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { isExact } from './is-exact.js';
import { scanJson } from './scan.js';

/**
 * Bytes of a message that is parsed before it is looked at. To look at a value is faster than to look at its text, but by
 * then it has been built, and a bracket takes some fifty bytes of memory.
 */
const SMALL = 256 * 1024;

/** Characters of the longest integer that may fit a `number`: sixteen digits and a sign. */
const SAFE_LENGTH = 17;

/**
 * Reads JSON (RFC 8259) from a peer who may mean harm. Integers that a `number` cannot hold become `bigint`, all other
 * numbers `number`. A byte order mark is skipped.
 *
 * @throws MeshError E0000000616 when the bytes are no JSON; E0000000400 when they are, but too deep or with `__proto__` for
 * a key
 */
export function decodeJson(bytes: Uint8Array, maxDepth: number): unknown {
  const json = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value = json.length <= SMALL ? attempt(textOf(json)) : undefined;
  return value !== undefined && isOrdinary(value, maxDepth) ? value : decodeWithCare(json, maxDepth);
}

/** Whether a value is neither too deep nor has a forbidden key, nor a number that may have been a larger integer. */
function isOrdinary(value: unknown, room: number): boolean {
  if (typeof value === 'number') return isExact(value);
  if (typeof value !== 'object' || value === null) return true;
  if (room === 0) return false;
  if (Array.isArray(value)) return isOrdinaryArray(value, room);
  const record = value as Readonly<Record<string, unknown>>;
  for (const key in record) {
    if (key === '__proto__' || !isOrdinary(record[key], room - 1)) return false;
  }
  return true;
}

function isOrdinaryArray(items: readonly unknown[], room: number): boolean {
  // By index: half again as fast as by iterator.
  for (let at = 0; at < items.length; at++) {
    const item = items[at];
    if (typeof item === 'number' ? !isExact(item) : !isOrdinary(item, room - 1)) return false;
  }
  return true;
}

/** Finds out, before it parses, what {@link isOrdinary} would refuse: says what is wrong with it, or keeps its integers. */
function decodeWithCare(json: Buffer, maxDepth: number): unknown {
  const unsafe = scanJson(json, maxDepth);
  const text = textOf(json);
  if (unsafe.length > 0) return parseMarked(json, unsafe, text);
  const value = parse(text);
  return mayNamePrototype(text) ? refine(value, undefined) : value;
}

/**
 * Parses JSON with large integers: each is made a string with a mark before it, which nobody can guess, and the strings with
 * the mark are made `bigint`. So `JSON.parse` does the work. A parser in JavaScript would take several times as long, and
 * thirty times the memory for a long string.
 */
function parseMarked(json: Buffer, unsafe: readonly number[], text: string): unknown {
  const mark = randomUUID().slice(-12);
  const value = attempt(textOf(marked(json, unsafe, mark)));
  // What is no JSON is parsed again as it came, for a message about what really came.
  return value === undefined ? parse(text) : refine(value, mark);
}

function marked(json: Buffer, spans: readonly number[], mark: string): Buffer {
  const opening = Buffer.from(`"${mark}`);
  const result = Buffer.allocUnsafe(json.length + (spans.length / 2) * (opening.length + 1));
  let from = 0;
  let to = 0;
  for (let span = 0; span < spans.length; span += 2) {
    const start = spans[span] as number;
    const end = spans[span + 1] as number;
    to = copy(json, from, start, result, to);
    to = copy(opening, 0, opening.length, result, to);
    to = copy(json, start, end, result, to);
    result[to++] = 0x22;
    from = end;
  }
  copy(json, from, json.length, result, to);
  return result;
}

/** Copies bytes, few of them one by one, since a native copy costs more to begin. Returns where the next ones go. */
function copy(source: Buffer, from: number, end: number, target: Buffer, to: number): number {
  if (end - from > 64) return to + source.copy(target, to, from, end);
  for (let at = from; at < end; at++) target[to++] = source[at] as number;
  return to;
}

/** Refuses `__proto__` for a key, at any depth, and makes numbers of the strings with a mark. Changes the value in place. */
function refine(value: unknown, mark: string | undefined): unknown {
  if (typeof value === 'string') {
    return mark !== undefined && value.startsWith(mark) ? integer(value.slice(mark.length)) : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) refineArray(value, mark);
  else refineObject(value as Record<string, unknown>, mark);
  return value;
}

function refineArray(items: unknown[], mark: string | undefined): void {
  for (let at = 0; at < items.length; at++) items[at] = refine(items[at], mark);
}

function refineObject(record: Record<string, unknown>, mark: string | undefined): void {
  if (Object.hasOwn(record, '__proto__')) throw invalid("it has '__proto__' for a key");
  for (const key of Object.keys(record)) {
    const before = record[key];
    const after = refine(before, mark);
    if (after !== before) record[key] = after;
  }
}

function integer(digits: string): number | bigint {
  if (digits.length > SAFE_LENGTH) return BigInt(digits);
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}

/** Whether the text has the word, or an escape that may be a letter of it. Whether it is a key is for {@link refine} to see. */
function mayNamePrototype(text: string): boolean {
  return text.includes('__proto__') || (text.includes('\\u00') && /\\u00[567]/.test(text));
}

/** The value, never `undefined`; `undefined` when the text is no JSON. */
function attempt(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const hint = /(?:^|[[:,\s])-?(?:NaN|Infinity)/.test(text) ? '; JSON has no NaN and no Infinity' : '';
    throw new MeshError(MeshCode.ENCODING, `the message is no JSON: ${reason}${hint}`, { cause: error });
  }
}

function textOf(json: Buffer): string {
  if (json.length > constants.MAX_STRING_LENGTH) {
    throw new MeshError(MeshCode.ENCODING, `the message of ${json.length} bytes is longer than a text can be`);
  }
  // To know that it is ASCII, and then to take it as that, costs half of what it costs to read UTF-8.
  if (isAscii(json)) return json.toString('latin1');
  const text = json.toString();
  // What is not UTF-8 was replaced by this character, if the peer did not send it as it is.
  if (text.includes('\ufffd') && !isUtf8(json)) {
    throw new MeshError(MeshCode.ENCODING, 'the message is no JSON: it is not valid UTF-8');
  }
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function invalid(what: string): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, `the JSON is refused: ${what}`);
}
