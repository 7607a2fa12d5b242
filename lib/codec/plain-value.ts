import { types } from 'node:util';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';

/** Deepest nesting written; a value that refers to itself has no end. */
const MAX_DEPTH = 1000;

/** What a format makes of what is not said alike in all of them. */
export interface PlainRules {
  /** Name of the format, for messages. */
  readonly format: string;
  /** What stands for bytes. */
  readonly bytes: (bytes: Uint8Array) => unknown;
  /** What stands for a number that is not a safe integer, and for every `bigint`. Default: itself. */
  readonly number?: (value: number | bigint) => unknown;
  /** Whether numbers that are not finite can be said; where they cannot, they are `null`. Default `null`. */
  readonly notFinite?: 'said' | 'null';
  /** Whether `null` can be said; where it cannot, a member that is `null` is left out. Default `said`. */
  readonly nulls?: 'said' | 'left out';
}

/**
 * A copy of a value in which nothing is left that a library would say in its own way: objects, arrays, texts, numbers,
 * booleans, `bigint`, `null` and what stands for bytes. It is read as `JSON.stringify` reads it: `toJSON` counts, a `Map` is an
 * object, a `Set` an array, a member that is nothing or a function is left out, and is `null` in an array, as is a number
 * that is not finite unless the format says those.
 *
 * @throws MeshError E0000000616 when it refers to itself, is nested deeper than 1000 levels, or is nothing
 */
export function plainValue(value: unknown, rules: PlainRules): unknown {
  const said = new Plain(rules).of(value, '', 0);
  if (said === undefined) throw unsayable(rules.format, 'it is nothing that can be said');
  return said;
}

/** Bytes as standard base64, for formats of text. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** The error for a value that a format cannot say. */
export function unsayable(format: string, what: string, cause?: unknown): MeshError {
  return new MeshError(MeshCode.ENCODING, `the value cannot be said in ${format}: ${what}`, { cause });
}

class Plain {
  constructor(private readonly rules: PlainRules) {}

  /** `undefined` for what is left out. */
  of(value: unknown, key: string, depth: number): unknown {
    const said = saidOf(value, key);
    switch (typeof said) {
      case 'string':
      case 'boolean':
        return said;
      case 'bigint':
        return this.number(said);
      case 'number':
        return Number.isFinite(said) ? this.number(said) : this.notFinite(said);
      case 'object':
        return said === null ? this.null() : this.object(said, depth);
      default:
        return undefined;
    }
  }

  private object(value: object, depth: number): unknown {
    if (depth > MAX_DEPTH) throw unsayable(this.rules.format, `it is nested deeper than ${MAX_DEPTH} levels`);
    if (types.isUint8Array(value)) return this.rules.bytes(value);
    if (types.isAnyArrayBuffer(value)) return this.rules.bytes(new Uint8Array(value));
    if (Array.isArray(value)) return this.array(value, depth);
    if (types.isSet(value)) return this.array([...value], depth);
    if (types.isMap(value)) return this.members([...value], depth);
    return types.isBoxedPrimitive(value)
      ? this.of(value.valueOf(), '', depth)
      : this.members(Object.entries(value), depth);
  }

  private array(items: readonly unknown[], depth: number): unknown[] {
    return Array.from(items, (item, index) => {
      const said = this.of(item, String(index), depth + 1);
      if (said !== undefined) return said;
      if (this.rules.nulls === 'left out') throw unsayable(this.rules.format, 'an array has nothing for an item');
      return null;
    });
  }

  private members(members: readonly (readonly [unknown, unknown])[], depth: number): Record<string, unknown> {
    const record: Record<string, unknown> = {};
    for (const [name, member] of members) {
      const key = this.key(name);
      const said = this.of(member, key, depth + 1);
      if (said !== undefined) record[key] = said;
    }
    return record;
  }

  private key(name: unknown): string {
    const key = typeof name === 'number' || typeof name === 'bigint' || typeof name === 'boolean' ? String(name) : name;
    if (typeof key !== 'string') throw unsayable(this.rules.format, 'a Map has a key that is no string or number');
    if (key === '__proto__') throw unsayable(this.rules.format, "it has '__proto__' for a key");
    return key;
  }

  private number(value: number | bigint): unknown {
    return this.rules.number && !Number.isSafeInteger(value) ? this.rules.number(value) : value;
  }

  private notFinite(value: number): number | null | undefined {
    return this.rules.notFinite === 'said' ? value : this.null();
  }

  private null(): null | undefined {
    return this.rules.nulls === 'left out' ? undefined : null;
  }
}

/** What stands for a value by its own `toJSON`; bytes have none of ours to ask, though a `Buffer` does. */
function saidOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || types.isUint8Array(value)) return value;
  return 'toJSON' in value && typeof value.toJSON === 'function' ? (value.toJSON(key) as unknown) : value;
}
