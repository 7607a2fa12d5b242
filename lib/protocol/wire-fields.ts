import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';

/** Longest name, id, address or URN, in characters. */
const MAX_TEXT_LENGTH = 1_024;

/** Entries of one map, and the longest of their values, in characters. */
const MAX_ENTRIES = 256;
const MAX_VALUE_LENGTH = 8_192;

/** Control characters, and halves of characters: no name has them, and in a log they mislead. */
const HOSTILE = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

/** The same, but for what parts lines. */
const HOSTILE_IN_LINES = /[^\P{Cc}\t\n\r]|\p{Cs}/u;

/** What nearly all texts consist of, which takes a third of the time to see. */
const HARMLESS = /^[ -~]*$/;

const NOTHING: Readonly<Record<string, string>> = Object.freeze(Object.create(null) as Record<string, string>);

/** Reads the fields of one object off the wire, by their names in snake_case or camelCase; errors name the place. */
export class WireFields {
  private readonly fields: Readonly<Record<string, unknown>>;

  /**
   * @param path where the object stands, such as `registration.content.services[3]`
   * @throws MeshError E0000000400 when it is no object
   */
  constructor(
    private readonly path: string,
    value: unknown,
  ) {
    if (!isRecord(value)) throw refusal(path, 'an object', value);
    this.fields = value;
  }

  /** The field; `undefined` when it is absent or null. */
  raw(name: string): unknown {
    const { fields } = this;
    if (Object.hasOwn(fields, name)) return fields[name] ?? undefined;
    if (!name.includes('_')) return undefined;
    const camel = name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return Object.hasOwn(fields, camel) ? (fields[camel] ?? undefined) : undefined;
  }

  /** A text, empty when absent. */
  text(name: string): string {
    const value = this.raw(name);
    if (value === undefined || value === '') return '';
    const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
    if (typeof text === 'string' && text.length <= MAX_TEXT_LENGTH && isHarmless(text)) return text;
    throw this.refuse(name, `a text of at most ${MAX_TEXT_LENGTH} characters, none of them a control character`, value);
  }

  /** A text that may have several lines, empty when absent. What is wrong is not quoted: it may be a secret. */
  lines(name: string, atMost: number): string {
    const value = this.raw(name) ?? '';
    if (typeof value === 'string' && value.length <= atMost && !HOSTILE_IN_LINES.test(value)) return value;
    const expected = `a text of at most ${atMost} characters, none of them a control character`;
    throw new MeshError(MeshCode.INVALID_REQUEST, `${this.path}.${name} must be ${expected}`);
  }

  /** A whole number that is not negative, 0 when absent; a text of digits counts as one. */
  count(name: string): number {
    const value = this.raw(name);
    if (value === undefined || value === '') return 0;
    const number = typeof value === 'boolean' || typeof value === 'object' ? Number.NaN : Math.ceil(Number(value));
    if (number >= 0 && number <= Number.MAX_SAFE_INTEGER) return number;
    throw this.refuse(name, 'a number that is not negative', value);
  }

  /** A map of texts, empty when absent. */
  map(name: string): Readonly<Record<string, string>> {
    const value = this.raw(name);
    if (value === undefined) return NOTHING;
    if (!isRecord(value)) throw this.refuse(name, 'a map of texts', value);
    const keys = Object.keys(value);
    if (keys.length === 0) return NOTHING;
    if (keys.length > MAX_ENTRIES) throw this.refuse(name, `a map of at most ${MAX_ENTRIES} entries`, value);
    const map: Record<string, string> = Object.create(null);
    for (const key of keys) map[this.key(name, key)] = this.entry(name, key, value[key]);
    return map;
  }

  /** A list of objects, empty when absent. */
  list(name: string, atMost: number): readonly WireFields[] {
    const value = this.raw(name);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw this.refuse(name, 'an array', value);
    if (value.length > atMost) throw this.refuse(name, `an array of at most ${atMost}`, `one of ${value.length}`);
    return value.map((item: unknown, index) => new WireFields(`${this.path}.${name}[${index}]`, item));
  }

  /** The error for a field that is not as it should be. */
  refuse(name: string, expected: string, got: unknown): MeshError {
    return refusal(`${this.path}.${name}`, expected, got);
  }

  private key(name: string, key: string): string {
    if (key.length <= MAX_TEXT_LENGTH && isHarmless(key)) return key;
    throw this.refuse(name, `a map with keys of at most ${MAX_TEXT_LENGTH} characters, none a control character`, key);
  }

  private entry(name: string, key: string, value: unknown): string {
    if (value === undefined || value === null) return '';
    const text = typeof value === 'object' ? undefined : String(value);
    if (text !== undefined && text.length <= MAX_VALUE_LENGTH) return text;
    throw this.refuse(`${name}.${key}`, `a text of at most ${MAX_VALUE_LENGTH} characters`, value);
  }
}

/** The error for something off the wire that is not as it should be. */
export function refusal(path: string, expected: string, got: unknown): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, `${path} must be ${expected}, got ${describe(got)}`);
}

function isHarmless(text: string): boolean {
  return HARMLESS.test(text) || !HOSTILE.test(text);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function describe(value: unknown): string {
  if (typeof value === 'string') {
    const shown = JSON.stringify(value.slice(0, 80));
    return value.length > 80 ? `${shown}… of ${value.length} characters` : shown;
  }
  if (value === undefined || value === null) return 'none';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? `an object of ${Object.keys(value).length}` : String(value);
}
