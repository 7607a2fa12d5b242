import * as fc from 'fast-check';
import { arg, bytes, fieldsOf, int64, listOf, MeshCode, Wire, wireTypeOf } from 'nestjs-mesh';
import { describe, expect, it } from 'vitest';
import { expectsBytes, revive } from '../../../../lib/rpc/facade/wire-type.js';

const refusal = (message: string) => expect.objectContaining({ code: MeshCode.INVALID_REQUEST, message });

describe('a wire type revives what JSON cannot say', () => {
  it('makes bytes of base64', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (data) => {
        const revived = revive(Buffer.from(data).toString('base64'), bytes(), 'data') as Uint8Array;
        expect([...revived]).toEqual([...data]);
      }),
    );
  });

  it('makes a bigint of every integer, however it came', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }), (id) => {
        expect(revive(id, int64(), 'id')).toBe(id);
        expect(revive(String(id), int64(), 'id')).toBe(id);
      }),
    );
    expect(revive(-7, int64(), 'id')).toBe(-7n);
  });

  it('reaches into lists and fields, and leaves the rest as it came', () => {
    class Blob {
      @Wire(bytes()) data!: Uint8Array;
      @Wire(int64()) size!: bigint;
      name!: string;
    }
    class Album {
      @Wire(Blob) cover!: Blob;
      @Wire(listOf(wireTypeOf(Blob)!)) pages!: Blob[];
    }
    const blob = { data: 'AAE=', size: 2, name: 'x' };
    const revived = revive({ cover: { ...blob }, pages: [{ ...blob }] }, wireTypeOf(Album)!, 'album');
    const expected = { data: Buffer.of(0, 1), size: 2n, name: 'x' };
    expect(revived).toEqual({ cover: expected, pages: [expected] });
  });

  it('knows the fields of a base class', () => {
    class Base {
      @Wire(int64()) id!: bigint;
    }
    class Derived extends Base {
      @Wire(bytes()) data!: Uint8Array;
    }
    expect(revive({ id: 1, data: '' }, wireTypeOf(Derived)!, 'it')).toEqual({ id: 1n, data: Buffer.alloc(0) });
    expect(revive({ id: 1, data: '' }, wireTypeOf(Base)!, 'it')).toEqual({ id: 1n, data: '' });
  });

  it('leaves what is absent or null alone', () => {
    const type = fieldsOf<{ a?: Uint8Array; b: bigint | null }>({ a: bytes(), b: int64() });
    expect(revive({ b: null }, type, 'it')).toEqual({ b: null });
    expect(revive(null, bytes(), 'it')).toBeNull();
    expect(revive(undefined, int64(), 'it')).toBeUndefined();
  });

  it('takes nothing from a prototype', () => {
    const type = fieldsOf<{ constructor: bigint }>({ constructor: int64() } as never);
    expect(revive({}, type, 'it')).toEqual({});
  });

  it.each([
    [5, bytes(), 'it must be bytes (base64), got a number'],
    ['a', bytes(), 'it must be bytes in base64, but is no valid base64'],
    ['AA%=', bytes(), 'it must be bytes in base64, but is no valid base64'],
    [1.5, int64(), 'it must be an integer, got a number'],
    ['0x1', int64(), 'it must be an integer, got a string'],
    ['9'.repeat(10_000), int64(), 'it must be an integer, got a string'],
    [{}, listOf(bytes()), 'it must be a list, got an object'],
    [[], fieldsOf({}), 'it must be an object, got a list'],
    [[1, {}], listOf(int64()), 'it[1] must be an integer, got an object'],
    [{ a: [true] }, fieldsOf({ a: listOf(int64()) } as never), 'it.a[0] must be an integer, got a boolean'],
  ])('refuses %j, and says where', (value, type, message) => {
    expect(() => revive(value, type, 'it')).toThrow(refusal(message));
  });

  it('is part of an argument when given a name', () => {
    expect(bytes('data')).toEqual(arg('data', bytes()));
    expect(int64('id')).toEqual(arg('id', int64()));
  });
});

describe('a wire type tells where it has bytes', () => {
  const type = fieldsOf<{ a: Uint8Array; list: Uint8Array[]; id: bigint; constructor: never }>({
    a: bytes(),
    list: listOf(bytes()),
    id: int64(),
  } as never);

  it.each([
    [[], bytes(), true],
    [[], undefined, false],
    [['a'], bytes(), false],
    [['a'], type, true],
    [['list', '3'], type, true],
    [['list'], type, false],
    [['id'], type, false],
    [['b'], type, false],
    [['a', 'b', 'c'], type, false],
    [['constructor'], type, false],
    [['__proto__'], type, false],
  ])('at %j', (path, within, expected) => {
    expect(expectsBytes(within)(path)).toBe(expected);
  });
});
