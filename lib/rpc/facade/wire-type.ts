import type { Type } from '@nestjs/common';
import type { ExpectsBytes } from '../../codec/packed-content.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';

type Shape =
  | { readonly kind: 'bytes' }
  | { readonly kind: 'int64' }
  | { readonly kind: 'list'; readonly of: WireType<unknown> }
  | { readonly kind: 'fields'; readonly of: Readonly<Record<string, WireType<unknown>>> };

/**
 * Says where a decoded value is to become a `Uint8Array` or a `bigint`: JSON has neither, so bytes arrive as base64 and
 * integers as numbers. Encoding needs no such help. `T` is the type that a method's signature must have there.
 */
export class WireType<T> {
  declare protected readonly value: T;

  /** @internal use {@link bytes}, {@link int64}, {@link listOf}, {@link fieldsOf} or {@link wireTypeOf} */
  constructor(readonly shape: Shape) {}
}

/** An argument's name with its wire type, for the list of names of `@Mpi`. */
export class WireArgument<T> {
  /** @internal use {@link arg} */
  constructor(
    readonly name: string,
    readonly type: WireType<T>,
  ) {}
}

/** Names an argument that has a wire type: `arg('blobs', listOf(bytes()))`. */
export function arg<T>(name: string, type: WireType<T>): WireArgument<T> {
  return new WireArgument(name, type);
}

/** Bytes: a `Uint8Array` (a `Buffer`, when received), base64 in JSON. With a name: an argument of that name. */
export function bytes(): WireType<Uint8Array>;
export function bytes(name: string): WireArgument<Uint8Array>;
export function bytes(name?: string): WireType<Uint8Array> | WireArgument<Uint8Array> {
  const type = new WireType<Uint8Array>({ kind: 'bytes' });
  return name === undefined ? type : arg(name, type);
}

/**
 * A 64-bit integer: always a `bigint`. Without it an integer is a `number`, and a `bigint` only where a `number` would
 * lose digits. With a name: an argument of that name.
 */
export function int64(): WireType<bigint>;
export function int64(name: string): WireArgument<bigint>;
export function int64(name?: string): WireType<bigint> | WireArgument<bigint> {
  const type = new WireType<bigint>({ kind: 'int64' });
  return name === undefined ? type : arg(name, type);
}

/** A list whose elements have a wire type. */
export function listOf<T>(type: WireType<T>): WireType<T[]> {
  return new WireType<T[]>({ kind: 'list', of: type });
}

/** An object some of whose fields have a wire type; the others stay as they come. */
export function fieldsOf<T extends object>(fields: { [K in keyof T]?: WireType<NonNullable<T[K]>> }): WireType<T> {
  return new WireType<T>({ kind: 'fields', of: fields as Readonly<Record<string, WireType<unknown>>> });
}

const FIELDS = Symbol('nestjs-mesh:wire-fields');

/**
 * Gives a property of a class its wire type: `@Wire(bytes()) data: Uint8Array`, or the class of a nested object:
 * `@Wire(Order) order: Order`.
 */
export function Wire(type: WireType<unknown> | Type): PropertyDecorator {
  return (target, key) => {
    const inherited = Reflect.getMetadata(FIELDS, target) as Record<string, WireType<unknown>> | undefined;
    const own = type instanceof WireType ? type : wireTypeOf(type);
    if (own) Reflect.defineMetadata(FIELDS, { ...inherited, [String(key)]: own }, target);
  };
}

/** The wire type that the {@link Wire} decorators of a class make; `undefined` when it has none. */
export function wireTypeOf<T extends object>(type: Type<T>): WireType<T> | undefined {
  const fields = Reflect.getMetadata(FIELDS, type.prototype as object) as Record<string, WireType<unknown>> | undefined;
  return fields && new WireType<T>({ kind: 'fields', of: fields });
}

/** Says where a wire type has bytes, for content that carries them beside its values. Without a type: nowhere. */
export function expectsBytes(type: WireType<unknown> | undefined): ExpectsBytes {
  if (!type) return () => false;
  return (path) => {
    let at: WireType<unknown> | undefined = type;
    for (const name of path) at = at && memberOf(at, name);
    return at?.shape.kind === 'bytes';
  };
}

function memberOf({ shape }: WireType<unknown>, name: string): WireType<unknown> | undefined {
  if (shape.kind === 'list') return shape.of;
  return shape.kind === 'fields' && Object.hasOwn(shape.of, name) ? shape.of[name] : undefined;
}

/**
 * Turns a decoded value into what its wire type says. Objects and lists are changed in place.
 *
 * @param path where the value stands, for the error
 * @param code of the error: E0000000400 (the default) for what a caller sent, E0000000616 for what a provider answered
 * @throws MeshError with that code when the value is not of that type
 */
export function revive(
  value: unknown,
  type: WireType<unknown>,
  path: string,
  code: ReviveCode = MeshCode.INVALID_REQUEST,
): unknown {
  if (value === null || value === undefined) return value;
  const { shape } = type;
  switch (shape.kind) {
    case 'bytes':
      return reviveBytes(value, path, code);
    case 'int64':
      return reviveInt64(value, path, code);
    case 'list':
      return reviveList(value, shape.of, path, code);
    case 'fields':
      return reviveFields(value, shape.of, path, code);
  }
}

type ReviveCode = typeof MeshCode.INVALID_REQUEST | typeof MeshCode.ENCODING;

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function reviveBytes(value: unknown, path: string, code: ReviveCode): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== 'string') throw mismatch(path, 'bytes (base64)', value, code);
  if (value.length % 4 !== 0 || !BASE64.test(value)) {
    throw new MeshError(code, `${path} must be bytes in base64, but is no valid base64`);
  }
  return Buffer.from(value, 'base64');
}

function reviveInt64(value: unknown, path: string, code: ReviveCode): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw mismatch(path, 'an integer', value, code);
}

function reviveList(value: unknown, type: WireType<unknown>, path: string, code: ReviveCode): unknown {
  if (!Array.isArray(value)) throw mismatch(path, 'a list', value, code);
  for (let i = 0; i < value.length; i++) value[i] = revive(value[i], type, `${path}[${i}]`, code);
  return value;
}

function reviveFields(
  value: unknown,
  fields: Readonly<Record<string, WireType<unknown>>>,
  path: string,
  code: ReviveCode,
): unknown {
  if (typeof value !== 'object' || Array.isArray(value)) throw mismatch(path, 'an object', value, code);
  const record = value as Record<string, unknown>;
  for (const name of Object.keys(fields)) {
    if (Object.hasOwn(record, name)) record[name] = revive(record[name], fields[name]!, `${path}.${name}`, code);
  }
  return record;
}

function mismatch(path: string, expected: string, value: unknown, code: ReviveCode): MeshError {
  const got = Array.isArray(value) ? 'a list' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
  return new MeshError(code, `${path} must be ${expected}, got ${got}`);
}
