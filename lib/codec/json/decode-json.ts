import { isAscii, isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { scanJson } from './scan.js';

/**
 * Reads JSON (RFC 8259) from a peer who may mean harm. Integers that a `number` cannot hold become `bigint`, all other
 * numbers `number`. A byte order mark is skipped.
 *
 * @throws MeshError E0000000616 when the bytes are no JSON; E0000000400 when they are, but too deep or with `__proto__` for
 * a key
 */
export function decodeJson(bytes: Uint8Array, maxDepth: number): unknown {
  const json = withoutMark(asBuffer(bytes));
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
  const mark = randomUUID();
  let value: unknown;
  try {
    value = JSON.parse(textOf(marked(json, unsafe, mark)));
  } catch {
    // Fails again, with a message about what really came.
    value = parse(text);
  }
  return refine(value, mark);
}

function marked(json: Buffer, spans: readonly number[], mark: string): Buffer {
  const result = Buffer.allocUnsafe(json.length + (spans.length / 2) * (mark.length + 2));
  let from = 0;
  let to = 0;
  for (let span = 0; span < spans.length; span += 2) {
    const start = spans[span] as number;
    const end = spans[span + 1] as number;
    to += json.copy(result, to, from, start);
    to += result.write(`"${mark}`, to, 'latin1');
    to += json.copy(result, to, start, end);
    result[to++] = 0x22;
    from = end;
  }
  json.copy(result, to, from);
  return result;
}

/** Refuses `__proto__` for a key, at any depth, and makes numbers of the strings with a mark. Changes the value in place. */
function refine(value: unknown, mark: string | undefined): unknown {
  if (typeof value === 'string') {
    return mark !== undefined && value.startsWith(mark) ? integer(value.slice(mark.length)) : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Object.hasOwn(value, '__proto__')) throw invalid("it has '__proto__' for a key");
  const record = value as Record<string, unknown>;
  for (const key of Object.keys(record)) {
    const before = record[key];
    const after = refine(before, mark);
    if (after !== before) record[key] = after;
  }
  return value;
}

function integer(digits: string): number | bigint {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}

/** Whether the text has the word, or an escape that may be a letter of it. Whether it is a key is for {@link refine} to see. */
function mayNamePrototype(text: string): boolean {
  return text.includes('__proto__') || (text.includes('\\u00') && /\\u00[567]/.test(text));
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
  if (isAscii(json)) return json.toString('latin1');
  if (isUtf8(json)) return json.toString('utf8');
  throw new MeshError(MeshCode.ENCODING, 'the message is no JSON: it is not valid UTF-8');
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function withoutMark(json: Buffer): Buffer {
  return json[0] === 0xef && json[1] === 0xbb && json[2] === 0xbf ? json.subarray(3) : json;
}

function invalid(what: string): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, `the JSON is refused: ${what}`);
}
