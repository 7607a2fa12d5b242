import { Inject } from '@nestjs/common';
import { MeshExtension } from '../../kernel/extension.decorator.js';
import { MESH_OPTIONS, type ResolvedMeshOptions } from '../../options/mesh-options.js';
import { CODEC, type Codec } from '../codec.js';
import {
  checkKey,
  decodeBy,
  integerOf,
  malformed,
  MAX_VALUES,
  refused,
  textOf,
  tooDeep,
  tooMany,
} from '../decoding.js';
import { loadOptional } from '../optional-package.js';
import { base64, plainValue, unsayable } from '../plain-value.js';

const FORMAT = 'TOML';

/** The largest and smallest integers that TOML has. */
const MAX_INTEGER = 2n ** 63n - 1n;
const MIN_INTEGER = -(2n ** 63n);

/** What begins another value or another level: line feed, comma, dot, brackets and braces that open. */
const STRUCTURE: ReadonlySet<number> = new Set([0x0a, 0x2c, 0x2e, 0x5b, 0x7b]);

/** A number too long to be one; making an integer of it would take time that grows faster than its digits. */
const LONG_INTEGER = /[=,[]\s*[-+]?[\d_a-fox]{1000}/i;

/**
 * TOML 1.0. The whole is an object; `null` is left out, and cannot stand in an array; bytes are base64; integers have at most
 * 64 bits; numbers may be `NaN` and infinite; dates come back as texts.
 */
@MeshExtension(CODEC, 'toml')
export class TomlCodec implements Codec {
  readonly format = 'toml';
  readonly contentTypes: readonly string[] = ['application/toml'];
  private readonly maxDepth: number;

  constructor(@Inject(MESH_OPTIONS) options: Pick<ResolvedMeshOptions, 'limits'>) {
    this.maxDepth = options.limits.maxDepth;
  }

  encode(value: unknown): Uint8Array {
    const rules = { format: FORMAT, bytes: base64, number: checkNumber, notFinite: 'said', nulls: 'left out' } as const;
    const plain = plainValue(value, rules);
    if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
      throw unsayable(FORMAT, 'it is no object with named members');
    }
    try {
      return Buffer.from(library().stringify(plain));
    } catch (error) {
      throw unsayable(FORMAT, error instanceof Error ? error.message : String(error), error);
    }
  }

  decode(bytes: Uint8Array): unknown {
    const text = textOf(FORMAT, bytes);
    checkSize(bytes);
    if (LONG_INTEGER.test(text)) throw refused(FORMAT, 'it has an integer of more than a thousand digits');
    const { parse } = library();
    const parsed = decodeBy(FORMAT, () => parse(text, { integersAsBigInt: true }));
    return this.refine(parsed, this.maxDepth);
  }

  /** Checks depth and keys, and makes texts of dates and plain objects of tables. */
  private refine(value: unknown, room: number): unknown {
    if (typeof value === 'bigint') return int64(value);
    if (typeof value !== 'object' || value === null) return value;
    if (value instanceof Date) return value.toISOString();
    if (room === 0) throw tooDeep(FORMAT, this.maxDepth);
    if (Array.isArray(value)) return value.map((item) => this.refine(item, room - 1));
    const record: Record<string, unknown> = {};
    for (const [key, member] of Object.entries(value)) record[checkKey(FORMAT, key)] = this.refine(member, room - 1);
    return record;
  }
}

function library() {
  return loadOptional('smol-toml', FORMAT, (require) => require('smol-toml') as typeof import('smol-toml'));
}

function checkNumber(value: number | bigint): number | bigint {
  if (typeof value === 'number' || (value >= MIN_INTEGER && value <= MAX_INTEGER)) return value;
  throw unsayable(FORMAT, 'it has an integer of more than 64 bits');
}

/** The library builds what it reads at once: what it might build is counted before. */
function checkSize(bytes: Uint8Array): void {
  let values = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (STRUCTURE.has(bytes[at] as number) && ++values > MAX_VALUES) throw tooMany(FORMAT);
  }
}

function int64(value: bigint): number | bigint {
  if (value >= MIN_INTEGER && value <= MAX_INTEGER) return integerOf(value);
  throw malformed(FORMAT, 'it has an integer of more than 64 bits');
}
