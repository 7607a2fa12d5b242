import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Codec } from '../../lib/codec/codec.js';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { MeshError } from '../../lib/errors/mesh-error.js';

/** What every codec must do. */
export interface CodecContract {
  /** Name of the implementation. */
  readonly name: string;
  /** Makes one that accepts values nested as deep as this. */
  readonly create: (maxDepth: number) => Codec;
  /** Bytes that are not of the format. */
  readonly malformed: readonly Uint8Array[];
  /** Bytes of the format with `__proto__` for a key. */
  readonly forbidden: readonly Uint8Array[];
  /** What decoding gives for encoded bytes. */
  readonly bytesAs: (bytes: Uint8Array) => unknown;
  /** What the format cannot say as it is. Absent: it says every value. */
  readonly gaps?: CodecGaps;
}

/** What a format cannot say, or not so that it comes back as it was. */
export interface CodecGaps {
  /** The values that it can say. */
  readonly values: fc.Arbitrary<unknown>;
  /** What comes back for a value that it can say. */
  readonly heardAs?: (value: unknown) => unknown;
  /** Whether any value can be the whole message, or only an object. */
  readonly whole: 'any value' | 'an object';
  /** Values that it refuses to say. */
  readonly refused: readonly unknown[];
  /** What edited bytes may be read as that cannot be said again: none, or those that the format's own types give. */
  readonly saysAllItReads?: 'no';
}

/** Any value that a codec can say and hear unchanged. */
export const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.string({ unit: 'grapheme' }),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
    fc.bigInt({ min: 2n ** 53n }),
    fc.bigInt({ max: -(2n ** 53n) }),
    fc.array(tie('value')),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { noNullPrototype: true },
    ),
  ),
})).value;

/** Whether something holds for a value or a value in it. */
export function some(value: unknown, holds: (part: unknown) => boolean): boolean {
  if (holds(value)) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some((part) => some(part, holds));
}

/** The values whose integers have at most 64 bits, with a sign. */
export function only64Bits(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return values.filter((value) => !some(value, (part) => typeof part === 'bigint' && BigInt.asIntN(64, part) !== part));
}

/** Runs the contract of codecs over one of them. */
export function describeCodec({ name, create, malformed, forbidden, bytesAs, gaps }: CodecContract): void {
  describe(`the codec ${name}`, () => {
    const codec = create(64);
    const heardAs = gaps?.heardAs ?? ((value: unknown): unknown => value);
    const isWholeAny = gaps?.whole !== 'an object';
    /** What comes back for a value, which is made part of an object where only that can be said. */
    const there = (value: unknown): unknown => {
      if (isWholeAny) return codec.decode(codec.encode(value));
      return (codec.decode(codec.encode({ value })) as { value: unknown }).value;
    };
    const values = gaps?.values ?? anyValue;
    const failure = (bytes: Uint8Array, by = codec): MeshError => {
      try {
        by.decode(bytes);
      } catch (error) {
        if (error instanceof MeshError) return error;
        throw error;
      }
      throw new Error('expected the bytes to be refused');
    };

    it('says what it is', () => {
      expect(codec.format).toMatch(/^[a-z]+$/);
      expect(codec.contentTypes.length).toBeGreaterThan(0);
    });

    it('gives back what it was given', () => {
      fc.assert(
        fc.property(values, (value) => void expect(there(value)).toEqual(heardAs(value))),
        { numRuns: 300 },
      );
    });

    it.each((gaps?.refused ?? []).map((value) => [inspect(value), value]))('refuses to say %s', (_, value) => {
      expect(() => codec.encode(value)).toThrow(expect.objectContaining({ code: MeshCode.ENCODING }) as Error);
    });

    it.each([
      9_007_199_254_740_991,
      9_007_199_254_740_992n,
      9_007_199_254_740_993n,
      -9_007_199_254_740_993n,
      2n ** 63n - 1n,
      -(2n ** 63n),
      2n ** 64n,
      10n ** 40n,
    ])('keeps the integer %s, or refuses to say it', (integer) => {
      if (gaps?.refused.includes(integer)) return;
      expect(there(integer)).toBe(heardAs(integer));
      expect(there({ deep: { integer } })).toEqual({ deep: { integer: heardAs(integer) } });
    });

    it('gives a number for a bigint that a number can hold', () =>
      expect(there([5n, -5n, 0n])).toEqual([5, -5, 0].map(heardAs)));

    it.each([
      ['a Uint8Array', Uint8Array.of(0, 1, 254, 255)],
      ['a Buffer', Buffer.from([0, 1, 254, 255])],
      ['a part of a buffer', new Uint8Array([9, 9, 0, 1, 254, 255, 9]).subarray(2, 6)],
      ['no bytes', new Uint8Array()],
    ])('says %s at any depth', (_, bytes) => {
      expect(there(bytes)).toEqual(bytesAs(bytes));
      expect(there({ deep: { bytes } })).toEqual({ deep: { bytes: bytesAs(bytes) } });
    });

    it('reads a view into a larger buffer', () => {
      const bytes = codec.encode({ a: 1 });
      const larger = new Uint8Array(bytes.length + 20);
      larger.set(bytes, 10);
      expect(codec.decode(larger.subarray(10, 10 + bytes.length))).toEqual({ a: heardAs(1) });
    });

    it('accepts the depth allowed, and no more', () => {
      const nest = (depth: number): unknown =>
        depth === 0 ? heardAs(1) : depth % 2 && isWholeAny ? [nest(depth - 1)] : { a: nest(depth - 1) };
      const shallow = create(8);
      expect(shallow.decode(shallow.encode(nest(8)))).toEqual(nest(8));
      expect(failure(shallow.encode(nest(9)), shallow)).toMatchObject({ code: MeshCode.INVALID_REQUEST });
    });

    it.each(malformed.map((bytes) => [Buffer.from(bytes).toString('latin1').slice(0, 40), bytes] as const))(
      'refuses what is not of its format: %j',
      (_, bytes) => void expect(failure(bytes).code).toBe(MeshCode.ENCODING),
    );

    it.each(forbidden.map((bytes) => [Buffer.from(bytes).toString('latin1').slice(0, 40), bytes] as const))(
      'refuses a forbidden key: %j',
      (_, bytes) => {
        expect(failure(bytes).code).toBe(MeshCode.INVALID_REQUEST);
        expect({}).not.toHaveProperty('polluted');
      },
    );

    it('fails on hostile bytes with a MeshError, and never with half a value', () => {
      const valid = values.map((value) => Buffer.from(codec.encode(isWholeAny ? value : { value })));
      const edit = fc.tuple(fc.nat(), fc.nat(255));
      const hostile = fc.oneof(
        fc.uint8Array({ maxLength: 64 }),
        fc.tuple(valid, fc.array(edit, { maxLength: 4 })).map(([bytes, edits]) => {
          for (const [at, byte] of edits) if (bytes.length > 0) bytes[at % bytes.length] = byte;
          return bytes;
        }),
        fc.tuple(valid, fc.nat()).map(([bytes, end]) => bytes.subarray(0, end % (bytes.length + 1))),
      );
      fc.assert(
        fc.property(hostile, (bytes) => {
          let value: unknown;
          try {
            value = codec.decode(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(MeshError);
            return;
          }
          if (gaps?.saysAllItReads === 'no') return;
          expect(() => codec.encode(value)).not.toThrow();
        }),
        { numRuns: 1_000 },
      );
    });

    it('refuses to say a value that refers to itself', () => {
      const round: Record<string, unknown> = { a: { b: [1] } };
      round['self'] = { again: [round] };
      expect(() => codec.encode(round)).toThrow(expect.objectContaining({ code: MeshCode.ENCODING }) as Error);
    });

    it('refuses to say nothing', () => {
      expect(() => codec.encode(undefined)).toThrow(expect.objectContaining({ code: MeshCode.ENCODING }) as Error);
    });
  });
}
