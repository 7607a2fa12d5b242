import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CODEC_NUMBER,
  DEFAULT_FLAG,
  PROTO_NUMBER,
  codecName,
  codecNumber,
  flagOfCodec,
  formatFlag,
  parseFlag,
  protoName,
  protoNumber,
} from '../../../lib/protocol/flag.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { urnVectors } from '../../support/vectors.js';

const two = fc.integer({ min: 0, max: 99 }).map((number) => String(number).padStart(2, '0'));
const dotted = (count: number, max: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max }), { minLength: count, maxLength: count }).map((numbers) => numbers.join('.'));

/** Any flag in the form that parsing gives. */
const anyFlag = fc.record({
  v: two,
  proto: two,
  codec: two,
  version: dotted(3, 99),
  zone: two,
  cluster: two,
  cell: two,
  group: two,
  address: dotted(4, 255),
  port: fc.integer({ min: 0, max: 65_535 }),
});

describe('a flag', () => {
  it.each(urnVectors().map((vector) => [vector.flag_string, vector] as const))('%s', (digits, { flag, parsed }) => {
    expect(formatFlag({ ...flag, port: Number(flag.port) })).toBe(digits);
    expect(parseFlag(digits)).toEqual({ ...parsed.flag, port: Number(parsed.flag.port) });
  });

  it('is the default when nothing is asked for', () => {
    expect(formatFlag()).toBe('0001000000000000000000000000000000000');
    expect(formatFlag({})).toBe(formatFlag(DEFAULT_FLAG));
    expect(formatFlag({ ...DEFAULT_FLAG })).toBe(formatFlag(DEFAULT_FLAG));
    expect(parseFlag(formatFlag())).toBe(DEFAULT_FLAG);
  });

  it('survives the way there and back', () => {
    fc.assert(
      fc.property(anyFlag, (flag) => {
        const digits = formatFlag(flag);
        expect(parseFlag(digits)).toEqual(flag);
        expect(digits).toMatch(/^\d{37}$/);
        expect(formatFlag(parseFlag(digits))).toBe(digits);
      }),
    );
  });

  it.each<[string, Parameters<typeof formatFlag>[0], RegExp]>([
    ['a zone of three digits', { zone: '100' }, /its zone must be up to 2 digits, got '100'/],
    ['a proto that is no number', { proto: 'gr' }, /its proto must be up to 2 digits, got 'gr'/],
    ['a version of four numbers', { version: '1.2.3.4' }, /its version must be 3 numbers up to 99/],
    ['a version beyond 99', { version: '1.100.0' }, /its version must be 3 numbers up to 99/],
    ['an address beyond 255', { address: '10.0.0.256' }, /its address must be 4 numbers up to 255/],
    ['a host name', { address: 'localhost' }, /its address must be 4 numbers up to 255, got 'localhost'/],
    ['a port beyond 65535', { port: 65_536 }, /its port/],
    ['a negative port', { port: -1 }, /its port/],
    ['half a port', { port: 1.5 }, /its port/],
  ])('refuses to write %s', (_, flag, message) => {
    expect(() => formatFlag(flag)).toThrow(MeshError);
    expect(() => formatFlag(flag)).toThrow(message);
  });

  it.each([
    ['', /37 digits, got ''/],
    ['0001', /37 digits/],
    ['0'.repeat(38), /37 digits/],
    [`${'0'.repeat(36)}x`, /37 digits/],
    ['0001000000000000000025600000000000000', /four numbers up to 255, got '256.0.0.0'/],
    ['0001000000000000000000000000000065536', /at most 65535, got 65536/],
  ])('refuses to read %j', (digits, message) => {
    expect(() => parseFlag(digits)).toThrow(MeshError);
    expect(() => parseFlag(digits)).toThrow(message);
  });

  it('knows the numbers of transports and codecs both ways', () => {
    for (const name of Object.keys(PROTO_NUMBER)) expect(protoName(protoNumber(name))).toBe(name);
    for (const name of Object.keys(CODEC_NUMBER)) expect(codecName(codecNumber(name))).toBe(name);
    expect([flagOfCodec('json'), flagOfCodec('msgpack')]).toEqual([DEFAULT_FLAG, DEFAULT_FLAG]);
    expect(flagOfCodec('xml')).toEqual({ ...DEFAULT_FLAG, codec: '02' });
    expect([protoNumber('memory'), codecNumber('msgpack')]).toEqual(['01', '00']);
    expect([protoName('77'), codecName('77')]).toEqual([undefined, undefined]);
  });
});
