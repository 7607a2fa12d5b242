import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import { type Head, HeadReader, HeadWriter } from '../../../../lib/transport/tcp/heads.js';
import { PayloadWriter } from '../../../../lib/protocol/payload.js';
import { MAX_HEAD_BYTES } from '../../../../lib/transport/tcp/wire.js';

const bounds = { pairs: 8, characters: 400 };

const name = fc.constantFrom('mesh-urn', 'x-ptp-trace-id', 'mesh-subset', 'x-own', 'x-other', '__proto__');
const value = fc.oneof(
  fc.constantFrom('', 'a', 'value', 'z'.repeat(600)),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);
const head: fc.Arbitrary<Head> = fc.record({
  path: fc.constantFrom('/mesh-rpc/v1', '/a?b=c', ''),
  headers: fc.dictionary(name, value).map((headers) => Object.assign(Object.create(null), headers)),
});

function bytesOf(writer: HeadWriter, written: Head): Buffer {
  const out = new PayloadWriter(1);
  writer.write(out, written);
  return Buffer.from(out.written);
}

describe('heads', () => {
  it('are read as they were written, whatever was said before', () => {
    fc.assert(
      fc.property(fc.array(head, { maxLength: 30 }), (heads) => {
        const writer = new HeadWriter(bounds);
        const reader = new HeadReader(bounds);
        for (const one of heads) expect(reader.read(bytesOf(writer, one))).toEqual(one);
      }),
    );
  });

  it('take a byte or two for what was said twice before', () => {
    const writer = new HeadWriter(bounds);
    const one: Head = { path: '/mesh-rpc/v1', headers: { 'mesh-urn': 'a.b.c', 'x-own': 'value' } };
    const sizes = [1, 2, 3].map(() => bytesOf(writer, one).length);
    expect(sizes[0]).toBeGreaterThan(30);
    expect(sizes[2]).toBe(3);
  });

  it('are not remembered beyond what the reader remembers', () => {
    const writer = new HeadWriter({ pairs: 1, characters: 400 });
    const reader = new HeadReader({ pairs: 1, characters: 400 });
    for (let i = 0; i < 4; i++) {
      const one: Head = { path: '/same', headers: Object.assign(Object.create(null), { 'x-own': 'value' }) };
      expect(reader.read(bytesOf(writer, one))).toEqual(one);
    }
  });

  it('with changing values are not remembered', () => {
    const writer = new HeadWriter(bounds);
    const sizes = [1, 2, 3].map(
      () => bytesOf(writer, { path: '', headers: { 'x-ptp-trace-id': 't'.repeat(30) } }).length,
    );
    expect(sizes[2]).toBeGreaterThan(30);
  });

  it.each([
    ['no path', [], /no path/],
    ['a pair that was never said', [2], /never said/],
    ['a name by an unknown number', [4 * 200], /unknown number|malformed/],
    ['an entry of an unknown kind', [3], /unknown kind/],
    ['a text longer than the head', [0, 5, 1], /longer/],
    ['a number without an end', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], /malformed/],
  ])('with %s break the protocol', (_, bytes, message) => {
    const read = (): Head => new HeadReader(bounds).read(Buffer.from(bytes as number[]));
    expect(read).toThrow(MeshError);
    expect(read).toThrow(message as RegExp);
  });

  it('that ask to remember too much break the protocol', () => {
    const writer = new HeadWriter({ pairs: 100, characters: 10_000 });
    const reader = new HeadReader({ pairs: 1, characters: 10_000 });
    const tell = (): void => {
      for (let i = 0; i < 4; i++) reader.read(bytesOf(writer, { path: '/a', headers: { 'x-own': 'value' } }));
    };
    expect(tell).toThrow(/remembered/);
  });

  it('are bounded in size', () => {
    expect(() => new HeadReader(bounds).read(Buffer.alloc(MAX_HEAD_BYTES + 1))).toThrow(/more than 65536 bytes/);
  });
});
