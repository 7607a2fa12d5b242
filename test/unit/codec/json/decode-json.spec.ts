import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeJson } from '../../../../lib/codec/json/decode-json.js';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import { rpcVector, rpcVectors } from '../../../support/vectors.js';

const decode = (json: string, maxDepth = 64): unknown => decodeJson(Buffer.from(json), maxDepth);
const failure = (json: string | Buffer, maxDepth = 64): MeshError => {
  try {
    decodeJson(Buffer.from(json), maxDepth);
  } catch (error) {
    if (error instanceof MeshError) return error;
    throw error;
  }
  throw new Error('expected the bytes to be refused');
};

describe('reading JSON', () => {
  it.each(rpcVectors().filter((vector) => vector.case !== 'malformed request' && !vector.case.includes('2^53')))(
    'reads the reference: $case',
    ({ request, reply }) => {
      expect(decode(request)).toEqual(JSON.parse(request));
      expect(decode(reply)).toEqual(JSON.parse(reply));
    },
  );

  it("reads the reference's integer beyond 2^53", () => {
    expect(decode(rpcVector('scalars: int beyond 2^53').request)).toMatchObject({ i: -9007199254740993n, f: 1e-7 });
  });

  it.each<[string, unknown]>([
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['-9007199254740991', -9007199254740991],
    ['-9007199254740992', -9007199254740992n],
    ['1795355806349000', 1795355806349000],
    ['12345678901234567', 12345678901234567n],
    ['12345678901234567.0', Number('12345678901234567')],
    ['12345678901234567.25', Number('12345678901234567.25')],
    ['12345678901234567e1', Number('12345678901234567e1')],
    ['12345678901234567E+1', Number('12345678901234567e1')],
    ['0.12345678901234567', Number('0.12345678901234567')],
    ['1e00000000000000000001', 10],
    ['1e-00000000000000000001', 0.1],
    ['1e+00000000000000000001', 10],
    ['[12345678901234567 ,-12345678901234567\n]', [12345678901234567n, -12345678901234567n]],
    ['{"12345678901234567":"12345678901234567"}', { '12345678901234567': '12345678901234567' }],
    ['{"a" : 12345678901234567 }', { a: 12345678901234567n }],
    ['"\\"12345678901234567"', '"12345678901234567'],
    ['["节点", 12345678901234567, "é"]', ['节点', 12345678901234567n, 'é']],
    [`"${'\\"'.repeat(100)}"`, '"'.repeat(100)],
    [`["${'x'.repeat(100)}\\\\", 12345678901234567]`, [`${'x'.repeat(100)}\\`, 12345678901234567n]],
    [`["${'\\\\'.repeat(60)}\\"]", 12345678901234567]`, [`${'\\'.repeat(60)}"]`, 12345678901234567n]],
    ['\ufeff{"a":1}', { a: 1 }],
    ['"\\ud800"', '\ud800'],
  ])('%s', (json, value) => expect(decode(json)).toEqual(value));

  it.each([
    '{12345678901234567: 1}',
    '{"a": 1, 12345678901234567 : 2}',
    '012345678901234567',
    '-',
    '--12345678901234567',
    '+12345678901234567',
    '12345678901234567x',
    '12345678901234567"a"',
    '"a"12345678901234567',
    '12345678901234567 12345678901234567',
    '[12345678901234567',
    '12345678901234567.',
    '.12345678901234567',
    '{"a":12345678901234567,}',
  ])('does not take for JSON what is none: %s', (json) => {
    const error = failure(json);
    expect(error.code).toBe(MeshCode.ENCODING);
    expect(error.message).toMatch(/^the message is no JSON: /);
  });

  it('says exactly what JSON.parse says, but for large integers', () => {
    const marks = [
      '[',
      ']',
      '{',
      '}',
      ',',
      ':',
      '"',
      '\\',
      '"a"',
      '"a":',
      'null',
      'true',
      ' ',
      '-',
      '+',
      '.',
      'e',
      '0',
      '12',
      '.5',
    ];
    const integers = ['12345678901234567', '9007199254740993', '9007199254740990', '-1234567890123456789'];
    const token = fc.constantFrom(...marks, ...integers, '"\\""', '"\\\\"', '\\u0041');
    const numberless = (value: unknown): string | undefined =>
      JSON.stringify(value, (_, it: unknown) => (typeof it === 'bigint' ? Number(it) : it));
    const json = fc.oneof(
      fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join('')),
      fc.array(token, { maxLength: 6 }).map((tokens) => `[${tokens.join(',')}]`),
      fc.array(token, { maxLength: 4 }).map((tokens) => `{"k":${tokens.join('')}}`),
    );
    fc.assert(
      fc.property(json, (text) => {
        let expected: string | undefined;
        try {
          expected = numberless(JSON.parse(text));
        } catch {
          expect(failure(text).code).toBe(MeshCode.ENCODING);
          return;
        }
        expect(numberless(decode(text))).toBe(expected);
      }),
      { numRuns: 3_000 },
    );
  });

  it('does not build what is too deep', () => {
    const json = Buffer.alloc(16 * 1024 * 1024, '[');
    const before = process.memoryUsage().heapUsed;
    const error = failure(json);
    expect(error).toMatchObject({
      code: MeshCode.INVALID_REQUEST,
      message: expect.stringContaining('64 levels, at byte 64'),
    });
    // Built, it would take half a gigabyte or more.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
  });

  it.each([
    ['small', ''],
    ['large', 'x'.repeat(300_000)],
  ])('treats a message alike whether it is parsed first or looked through first: %s', (_, filler) => {
    const long = (rest: string): string => `["${filler}",${rest}]`;
    expect(decode(long('[[1]]'), 3)).toEqual([filler, [[1]]]);
    expect(failure(long('[[[1]]]'), 3).code).toBe(MeshCode.INVALID_REQUEST);
    expect(failure(long('[[['), 3).code).toBe(MeshCode.INVALID_REQUEST);
    expect(failure(long('[')).code).toBe(MeshCode.ENCODING);
    expect(failure(long('{"__proto__":1}')).code).toBe(MeshCode.INVALID_REQUEST);
    expect(failure(long('{"\\u005f_proto__":1}')).code).toBe(MeshCode.INVALID_REQUEST);
    expect(decode(long('12345678901234567'))).toEqual([filler, 12345678901234567n]);
    expect(decode(long('1e300'))).toEqual([filler, 1e300]);
  });

  it('counts no brackets inside strings', () => {
    expect(decode('"[[[[{{{{"', 1)).toBe('[[[[{{{{');
    expect(decode('["\\"[[", "]]", []]', 2)).toEqual(['"[[', ']]', []]);
    expect(decode(`["${'['.repeat(200)}\\"${'['.repeat(200)}"]`, 1)).toHaveLength(1);
  });

  it('keeps the memory of a long string beside a large integer in bounds', () => {
    const json = Buffer.from(`{"id":12345678901234567890,"data":"${'x'.repeat(8 * 1024 * 1024)}"}`);
    const before = process.memoryUsage().heapUsed;
    expect(decodeJson(json, 64)).toMatchObject({ id: 12345678901234567890n });
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('bounds the digits of an integer', () => {
    expect(decode('9'.repeat(1024))).toBe(BigInt('9'.repeat(1024)));
    expect(failure(`[${'9'.repeat(1025)}]`)).toMatchObject({
      code: MeshCode.INVALID_REQUEST,
      message: 'the JSON is refused: it has an integer of 1025 digits, at byte 1; at most 1024 are read',
    });
  });

  it('says that there is no NaN in JSON', () => {
    expect(failure('{"a": NaN}').message).toMatch(/JSON has no NaN and no Infinity$/);
    expect(failure('{"a": -Infinity}').message).toMatch(/JSON has no NaN and no Infinity$/);
    expect(failure('{"a": x}').message).not.toMatch(/NaN/);
  });

  it('refuses __proto__ for a key only', () => {
    expect(decode('{"a": "__proto__", "b": "\\u005f_proto__", "__proto": 1, "constructor": {"prototype": 2}}')).toEqual(
      {
        a: '__proto__',
        b: '__proto__',
        __proto: 1,
        constructor: { prototype: 2 },
      },
    );
    expect(failure('[[{"\\u005f_proto__":1}]]').message).toBe("the JSON is refused: it has '__proto__' for a key");
  });

  it('names what is wrong with bytes that are no text', () => {
    expect(failure(Buffer.of(0x22, 0xff, 0x22)).message).toBe('the message is no JSON: it is not valid UTF-8');
  });
});
