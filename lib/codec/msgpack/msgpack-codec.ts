import { Inject } from '@nestjs/common';
import { MeshExtension } from '../../kernel/extension.decorator.js';
import { MESH_OPTIONS, type ResolvedMeshOptions } from '../../options/mesh-options.js';
import { CODEC, type Codec } from '../codec.js';
import { decodeBy, integerOf, malformed } from '../decoding.js';
import { loadOptional } from '../optional-package.js';
import { plainValue, unsayable } from '../plain-value.js';
import { scanMsgpack } from './scan-msgpack.js';

const FORMAT = 'MessagePack';

/** The largest and smallest integers that there is a type for. */
const MAX_INTEGER = 2n ** 64n - 1n;
const MIN_INTEGER = -(2n ** 63n);

/** MessagePack. It has bytes of its own; integers have at most 64 bits; extensions, timestamps among them, are refused. */
@MeshExtension(CODEC, 'msgpack')
export class MsgpackCodec implements Codec {
  readonly format = 'msgpack';
  readonly contentTypes: readonly string[] = ['application/x-msgpack', 'application/msgpack'];
  private readonly maxDepth: number;

  constructor(@Inject(MESH_OPTIONS) options: Pick<ResolvedMeshOptions, 'limits'>) {
    this.maxDepth = options.limits.maxDepth;
  }

  encode(value: unknown): Uint8Array {
    const plain = plainValue(value, { format: FORMAT, bytes: (bytes) => bytes, number: checkNumber });
    return library().encode(plain, { useBigInt64: true, maxDepth: Infinity });
  }

  decode(bytes: Uint8Array): unknown {
    scanMsgpack(bytes, this.maxDepth);
    return narrow(decodeBy(FORMAT, () => library().decode(bytes, { useBigInt64: true, mapKeyConverter: keyOf })));
  }
}

function library() {
  return loadOptional('@msgpack/msgpack', FORMAT, (require) => {
    return require('@msgpack/msgpack') as typeof import('@msgpack/msgpack');
  });
}

function checkNumber(value: number | bigint): number | bigint {
  if (typeof value === 'number') return value;
  if (value >= MIN_INTEGER && value <= MAX_INTEGER) return integerOf(value);
  throw unsayable(FORMAT, 'it has an integer of more than 64 bits');
}

function keyOf(key: unknown): string | number {
  if (typeof key === 'string' || typeof key === 'number') return key;
  if (typeof key === 'bigint') return String(key);
  throw malformed(FORMAT, 'a key is neither a text nor a number');
}

/** Makes numbers of the 64-bit integers that a number can hold. Changes the value in place. */
function narrow(value: unknown): unknown {
  if (typeof value === 'bigint') return integerOf(value);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const container = value as Record<string, unknown>;
  for (const key of Object.keys(container)) {
    const before = container[key];
    const after = narrow(before);
    if (after !== before) container[key] = after;
  }
  return value;
}
