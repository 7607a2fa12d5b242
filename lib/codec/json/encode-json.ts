import { types } from 'node:util';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { isExact } from './is-exact.js';
import { JsonText, LONG_STRING } from './json-text.js';

/** Deepest nesting written; a value that refers to itself has no end. */
const MAX_DEPTH = 1000;

/**
 * Writes a value as JSON. Beyond what `JSON.stringify` does: bytes (`Uint8Array`, `Buffer`, `ArrayBuffer`) are standard
 * base64, a `bigint` its digits, a `Map` an object, a `Set` an array. `toJSON` is honoured; a member that is a function, a
 * symbol or `undefined` is left out, and is `null` in an array; so is a number that is not finite.
 *
 * A `number` beyond 2^53 has an exponent (`1e+17`), so that it is a floating-point number for whoever reads it, and only a
 * `bigint` arrives as one.
 *
 * @throws MeshError E0000000616 for a value that refers to itself, is nested deeper than 1000 levels, or is nothing
 */
export function encodeJson(value: unknown): Uint8Array {
  try {
    return encode(value);
  } catch (error) {
    throw toUnsayable(error);
  }
}

/**
 * The same as text, for a value in which nothing is said otherwise than by `JSON.stringify`, and no string is long; `undefined` for any
 * other.
 *
 * @throws MeshError E0000000616 for a value that refers to itself, or is nested deeper than 1000 levels
 */
export function encodePlainJson(value: unknown): string | undefined {
  try {
    return plainText(value);
  } catch (error) {
    throw toUnsayable(error);
  }
}

function plainText(value: unknown): string | undefined {
  return isPlain(value, 0) ? JSON.stringify(value) : undefined;
}

function encode(value: unknown): Uint8Array {
  const plain = plainText(value);
  if (plain !== undefined) return Buffer.from(plain);
  const text = new JsonText();
  if (write(value, '', 0, text, '') === 'written') return text.toBytes();
  throw unsayable(`${kindOf(value)} is nothing that it can say`);
}

/** Whether `JSON.stringify` says all of a value as we want it: nearly always, and much faster than {@link writeSpecial}. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return value.length < LONG_STRING;
  if (typeof value === 'number') return isExact(value);
  if (typeof value !== 'object') return typeof value === 'boolean' || value === undefined;
  if (value === null) return true;
  if (depth > MAX_DEPTH) throw tooDeep();
  if (Array.isArray(value)) return isPlainArray(value, depth);
  if (isSpecial(value)) return false;
  const record = value as Readonly<Record<string, unknown>>;
  for (const key in record) if (!isPlain(record[key], depth + 1)) return false;
  return true;
}

function isPlainArray(items: readonly unknown[], depth: number): boolean {
  // By index: half again as fast as by iterator.
  for (let at = 0; at < items.length; at++) {
    const item = items[at];
    if (typeof item === 'number' ? !isExact(item) : !isPlain(item, depth + 1)) return false;
  }
  return true;
}

/** Whether an object that is no array is one for which {@link writeSpecial} is needed. */
function isSpecial(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return false;
  if (types.isDate(value)) return false;
  return isBytes(value) || types.isMap(value) || types.isSet(value) || 'toJSON' in value;
}

type Outcome = 'written' | 'left out';

/** Writes a value with what stands before it, unless it is what JSON leaves out. */
function write(value: unknown, key: string, depth: number, text: JsonText, before: string): Outcome {
  if (!isPlain(value, depth)) return writeSpecial(value, key, depth, text, before);
  // What is nothing is no text, whatever the types say.
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) return 'left out';
  text.add(before + json);
  return 'written';
}

/** The same for a value that is known not to be plain. */
function writeSpecial(value: unknown, key: string, depth: number, text: JsonText, before: string): Outcome {
  const said = saidOf(value, key);
  if (said === undefined || typeof said === 'function' || typeof said === 'symbol') return 'left out';
  text.add(before);
  writeSaid(said, depth, text);
  return 'written';
}

function writeSaid(said: unknown, depth: number, text: JsonText): void {
  if (typeof said === 'string') return text.addString(said);
  if (typeof said === 'bigint') return text.add(said.toString());
  if (typeof said === 'number') return text.add(numberText(said));
  if (typeof said !== 'object' || said === null) return text.add(JSON.stringify(said));
  if (depth > MAX_DEPTH) throw tooDeep();
  if (isBytes(said)) return text.addClean(base64(said));
  if (Array.isArray(said)) return writeArray(said, depth, text);
  if (types.isSet(said)) return writeArray([...said], depth, text);
  if (types.isMap(said)) return writeObject([...said], depth, text);
  if (types.isBoxedPrimitive(said)) return text.add(JSON.stringify(said));
  writeObject(Object.entries(said), depth, text);
}

/** What stands for a value by its own `toJSON`; bytes have none of ours to ask, though a `Buffer` does. */
function saidOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || isBytes(value)) return value;
  return 'toJSON' in value && typeof value.toJSON === 'function' ? (value.toJSON(key) as unknown) : value;
}

function numberText(value: number): string {
  return isExact(value) || !Number.isFinite(value) ? JSON.stringify(value) : value.toExponential();
}

function writeArray(items: readonly unknown[], depth: number, text: JsonText): void {
  text.add('[');
  // By index, since an array may have holes, which JSON says as null.
  for (let at = 0; at < items.length; at++) {
    if (at > 0) text.add(',');
    if (write(items[at], String(at), depth + 1, text, '') === 'left out') text.add('null');
  }
  text.add(']');
}

function writeObject(members: readonly (readonly [unknown, unknown])[], depth: number, text: JsonText): void {
  text.add('{');
  let before = '';
  for (const [name, value] of members) {
    const key = keyOf(name);
    if (write(value, key, depth + 1, text, `${before}${JSON.stringify(key)}:`) === 'written') before = ',';
  }
  text.add('}');
}

function keyOf(name: unknown): string {
  if (typeof name === 'string') return name;
  if (typeof name === 'number' || typeof name === 'bigint' || typeof name === 'boolean') return String(name);
  throw unsayable(`a Map has a key that is ${kindOf(name)}; it must be a string or number`);
}

function isBytes(value: object): value is Uint8Array | ArrayBufferLike {
  return types.isUint8Array(value) || types.isAnyArrayBuffer(value);
}

function base64(bytes: Uint8Array | ArrayBufferLike): string {
  if (!types.isUint8Array(bytes)) return Buffer.from(bytes).toString('base64');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function tooDeep(): MeshError {
  return unsayable(`it refers to itself, or is nested deeper than ${MAX_DEPTH} levels`);
}

/** What a getter or `toJSON` throws is said, too. */
function toUnsayable(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  return unsayable(error instanceof Error ? error.message : String(error), error);
}

function unsayable(what: string, cause?: unknown): MeshError {
  return new MeshError(MeshCode.ENCODING, `the value cannot be said in JSON: ${what}`, { cause });
}
