import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeJson } from '../../../../lib/codec/json/encode-json.js';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { anyValue } from '../../../contract/codec.contract.js';

const encode = (value: unknown): string => Buffer.from(encodeJson(value)).toString();
const failure = (message: RegExp): Error =>
  expect.objectContaining({ code: MeshCode.ENCODING, message: expect.stringMatching(message) as string }) as Error;

class Order {
  id = 1n;
  items = new Set(['a']);
  private readonly hidden = undefined;
  method(): unknown {
    return this.hidden;
  }
}

class Money {
  constructor(private readonly cents: bigint) {}
  toJSON(key: string): unknown {
    return { key, cents: this.cents };
  }
}

class Self {
  readonly name = 'self';
  toJSON(): this {
    return this;
  }
}

describe('writing JSON', () => {
  it.each<[string, unknown, string]>([
    ['a bigint', 2n ** 64n, '18446744073709551616'],
    ['a bigint that a number could hold', [1n], '[1]'],
    ['bytes', { a: [Uint8Array.of(255, 254)] }, '{"a":["//4="]}'],
    ['a Buffer', { a: Buffer.from('hi') }, '{"a":"aGk="}'],
    ['an ArrayBuffer', Uint8Array.of(1, 2, 3).buffer, '"AQID"'],
    ['a date', { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    ['a date beside bytes', [new Date(0), Buffer.of(0)], '["1970-01-01T00:00:00.000Z","AA=="]'],
    ['an invalid date', [new Date(Number.NaN)], '[null]'],
    [
      'a Map',
      new Map<unknown, unknown>([
        ['a', 1],
        [2, new Map()],
        [3n, [1n]],
      ]),
      '{"a":1,"2":{},"3":[1]}',
    ],
    ['a Set', { a: new Set([1, 'x', new Set()]) }, '{"a":[1,"x",[]]}'],
    ['an instance', new Order(), '{"id":1,"items":["a"]}'],
    ['toJSON', { price: new Money(5n) }, '{"price":{"key":"price","cents":5}}'],
    ['toJSON in an array', [new Money(5n)], '[{"key":"0","cents":5}]'],
    ['toJSON of a plain object', { toJSON: () => ({ a: Buffer.of(0) }) }, '{"a":"AA=="}'],
    ['toJSON that answers itself', [1n, new Self()], '[1,{"name":"self"}]'],
    ['a long text beside bytes', ['"\\\n节\ud800', Buffer.of(0)], '["\\"\\\\\\n节\\ud800","AA=="]'],
    ['boxed primitives', [1n, Object(1), Object('a'), Object(true)], '[1,1,"a",true]'],
    ['an object without prototype', Object.assign(Object.create(null) as object, { a: 1n }), '{"a":1}'],
    [
      'a number beyond 2^53',
      [2 ** 53, -1e17, 1e21, 2 ** 53 - 1],
      '[9.007199254740992e+15,-1e+17,1e+21,9007199254740991]',
    ],
    ['numbers that are none', [1n, Number.NaN, Number.POSITIVE_INFINITY, -0], '[1,null,null,0]'],
  ])('%s', (_, value, json) => expect(encode(value)).toBe(json));

  it('leaves out what JSON.stringify does, beside large integers too', () => {
    const symbol = Symbol('s');
    const value = { a: undefined, b: () => 1, c: symbol, [symbol]: 1, d: [undefined, () => 1, symbol, null] };
    expect(encode(value)).toBe('{"d":[null,null,null,null]}');
    expect(encode({ ...value, e: 1n })).toBe('{"d":[null,null,null,null],"e":1}');
    const sparse: unknown[] = [1n];
    sparse[2] = 1;
    expect(encode(sparse)).toBe('[1,null,1]');
  });

  it('says what JSON.stringify says wherever that says all', () => {
    const plain = fc
      .anything({
        withDate: true,
        withNullPrototype: true,
        withBoxedValues: true,
        withSparseArray: true,
      })
      .filter((value) => !/\d{16}/.test(JSON.stringify(value) ?? ''));
    fc.assert(
      fc.property(plain, (value) => {
        const expected = JSON.stringify(value);
        if (expected === undefined) expect(() => encode(value)).toThrow(failure(/nothing that it can say/));
        else expect(encode(value)).toBe(expected);
        // A bigint sends the rest of the value the other way.
        expect(encode([0n, value])).toBe(`[0,${expected ?? 'null'}]`);
      }),
    );
  });

  it('keeps the order of keys on either way', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const json = encode({ value });
        expect(encode({ value, bytes: Buffer.of(0) })).toBe(`${json.slice(0, -1)},"bytes":"AA=="}`);
      }),
    );
  });

  it('says why it cannot', () => {
    const round: unknown[] = [1n];
    round.push({ round });
    expect(() => encode(round)).toThrow(failure(/refers to itself, or is nested deeper than 1000 levels/));
    const map = new Map<string, unknown>();
    map.set('map', map);
    expect(() => encode(map)).toThrow(failure(/refers to itself/));
    expect(() => encode(new Map([[{}, 1]]))).toThrow(failure(/a Map has a key that is an object/));
    expect(() => encode(new Map([[null, 1]]))).toThrow(failure(/a Map has a key that is null/));
    expect(() => encode(undefined)).toThrow(failure(/undefined is nothing that it can say/));
    expect(() => encode(() => 1)).toThrow(failure(/a function is nothing that it can say/));
    const throwing = {
      toJSON: () => {
        throw new Error('no way');
      },
    };
    expect(() => encode({ a: throwing })).toThrow(failure(/no way/));
  });
});

describe('a long string', () => {
  const long = 'a'.repeat(2_000);

  it.each([
    ['plain', long],
    ['with a quote', `${long}"${long}`],
    ['with a backslash', `${long}\\n${long}`],
    ['with a line break', `${long}\n`],
    ['with a control character', `${long}\u0001`],
    ['beyond Latin', `${long}节点`],
    ['with half a pair', `${long}\ud800`],
    ['in a list and an object', [{ [long]: long }, long]],
    ['beside one that needs escapes', [long, `${long}\u001f`, '节点', long]],
    ['beside what is left out', { a: long, b: undefined, c: () => long, d: [long, undefined] }],
    ['of Latin letters beyond ASCII', `${long}é`],
  ])('%s is written as JSON.stringify writes it', (_, value) => {
    expect(Buffer.from(encodeJson(value)).toString()).toBe(JSON.stringify(value));
  });

  it('is written as JSON.stringify writes it, whatever is in it and beside it', () => {
    const odd = fc.oneof(fc.string({ unit: 'binary', maxLength: 3 }), fc.string({ maxLength: 3 }));
    const text = fc.tuple(odd, fc.constantFrom('', long), odd).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(fc.oneof(text, fc.record({ text })), { maxLength: 3 }), (value) => {
        expect(Buffer.from(encodeJson(value)).toString()).toBe(JSON.stringify(value));
      }),
      { numRuns: 25 },
    );
  });

  it('stands beside bytes', () => {
    const bytes = Buffer.alloc(3_000, 7);
    expect(Buffer.from(encodeJson({ a: long, bytes })).toString()).toBe(
      JSON.stringify({ a: long, bytes: bytes.toString('base64') }),
    );
  });
});
