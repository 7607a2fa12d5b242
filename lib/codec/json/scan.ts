import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const DOT = 0x2e;
const MINUS = 0x2d;
const PLUS = 0x2b;
const ZERO = 0x30;
const NINE = 0x39;

/** `[` and `{` with the bit set that tells them apart; `]` and `}` likewise, two further on. */
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** `e` and `E` with the bit set that tells them apart. */
const EXPONENT = 0x65;

/** Digits of the smallest integer that a `number` cannot hold: 9007199254740992. */
const UNSAFE_DIGITS = 16;

/** Most digits of an integer that is read as `bigint`: making one takes time that grows faster than its digits. */
export const MAX_INTEGER_DIGITS = 1024;

/** Bytes of a string looked at one by one before its end is searched for natively, which costs more to begin. */
const SHORT_STRING = 48;

const NONE: readonly number[] = [];

/**
 * Looks through JSON, before it is parsed, for what `JSON.parse` would not tell of. It does not check that it is JSON.
 *
 * @returns where the integers are that a `number` may not hold: the first byte of each and the one after its last, in turn
 * @throws MeshError E0000000400 where arrays and objects are nested deeper than allowed, or an integer is longer than
 * {@link MAX_INTEGER_DIGITS}
 */
export function scanJson(json: Uint8Array, maxDepth: number): readonly number[] {
  let unsafe: number[] | undefined;
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] as number;
    if (byte === QUOTE) {
      at = endOfString(json, at + 1);
    } else if ((byte | 0x20) === OPEN) {
      if (++depth > maxDepth) throw invalid(`it is nested deeper than ${maxDepth} levels, at byte ${at}`);
    } else if ((byte | 0x20) === CLOSE) {
      depth--;
    } else if (byte >= ZERO && byte <= NINE) {
      const end = endOfDigits(json, at + 1);
      if (end - at >= UNSAFE_DIGITS && isUnsafeInteger(json, at, end)) {
        (unsafe ??= []).push(json[at - 1] === MINUS ? at - 1 : at, end);
      }
      at = end - 1;
    } else if (byte === DOT) {
      at = endOfDigits(json, at + 1) - 1;
    }
  }
  return unsafe ?? NONE;
}

/** Where the closing quote of a string is whose inside begins at `at`. */
function endOfString(json: Uint8Array, at: number): number {
  for (;;) {
    for (const stop = Math.min(json.length, at + SHORT_STRING); at < stop; at++) {
      const byte = json[at];
      if (byte === QUOTE) return at;
      if (byte === BACKSLASH) at++;
    }
    const quote = json.indexOf(QUOTE, at);
    if (quote < 0) return json.length;
    let text = quote;
    while (text > at && json[text - 1] === BACKSLASH) text--;
    if ((quote - text) % 2 === 0) return quote;
    at = quote + 1;
  }
}

function endOfDigits(json: Uint8Array, at: number): number {
  let byte = json[at] as number;
  while (byte >= ZERO && byte <= NINE) byte = json[++at] as number;
  return at;
}

/** Whether digits are a whole number, rather than part of one with a fraction or exponent, and too many for a `number`. */
function isUnsafeInteger(json: Uint8Array, start: number, end: number): boolean {
  const first = json[start];
  if (first === ZERO || (end - start === UNSAFE_DIGITS && first !== NINE)) return false;
  const before = json[start - 1] === MINUS ? json[start - 2] : json[start - 1];
  if (before === PLUS || isExponent(before)) return false;
  const after = json[afterSpace(json, end)];
  // A number for a key: what JSON.parse refuses must not be made a string.
  if (after === COLON || json[end] === DOT || isExponent(json[end])) return false;
  if (end - start <= MAX_INTEGER_DIGITS) return true;
  throw invalid(`it has an integer of ${end - start} digits, at byte ${start}; at most ${MAX_INTEGER_DIGITS} are read`);
}

function isExponent(byte: number | undefined): boolean {
  return byte !== undefined && (byte | 0x20) === EXPONENT;
}

function afterSpace(json: Uint8Array, at: number): number {
  while (json[at] === 0x20 || json[at] === 0x0a || json[at] === 0x0d || json[at] === 0x09) at++;
  return at;
}

function invalid(what: string): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, `the JSON is refused: ${what}`);
}
