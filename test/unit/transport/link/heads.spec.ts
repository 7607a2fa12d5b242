import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import { HeadReader, HeadWriter, type Head } from '../../../../lib/transport/link/heads.js';
import type { SharedHead } from '../../../../lib/transport/transport.js';
import { PayloadReader, PayloadWriter } from '../../../../lib/protocol/payload.js';
import { MAX_HEAD_BYTES } from '../../../../lib/transport/link/wire.js';

const heads = { count: 3, characters: 200 };
const bounds = { pairs: 8, characters: 400, heads };

const name = fc.constantFrom('mesh-urn', 'x-ptp-trace-id', 'mesh-subset', 'x-own', 'x-other', '__proto__');
const value = fc.oneof(
  fc.constantFrom('', 'a', 'value', 'z'.repeat(600)),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);
const head: fc.Arbitrary<SharedHead> = fc.record({
  path: fc.constantFrom('/mesh-rpc/v1', '/a?b=c', ''),
  headers: fc.dictionary(name, value).map((headers) => Object.assign(Object.create(null), headers)),
});

/** A head as it is read. */
function asRead({ path, headers }: SharedHead): Head {
  const [before = '', query = ''] = path.split('?');
  return { path: before, query, headers };
}

function readBy(reader: HeadReader, bytes: Buffer): Head {
  return reader.read(new PayloadReader(bytes), bytes.length);
}

function bytesOf(writer: HeadWriter, written: SharedHead): Buffer {
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
        for (const one of heads) expect(readBy(reader, bytesOf(writer, one))).toEqual(asRead(one));
      }),
    );
  });

  it('take a byte or two for what was said twice before', () => {
    const writer = new HeadWriter(bounds);
    const one: SharedHead = { path: '/mesh-rpc/v1', headers: { 'mesh-urn': 'a.b.c', 'x-own': 'value' } };
    const sizes = [1, 2, 3].map(() => bytesOf(writer, one).length);
    expect(sizes[0]).toBeGreaterThan(30);
    expect(sizes[2]).toBe(3);
  });

  it('are not remembered beyond what the reader remembers', () => {
    const writer = new HeadWriter({ ...bounds, pairs: 1 });
    const reader = new HeadReader({ ...bounds, pairs: 1 });
    for (let i = 0; i < 4; i++) {
      const one: SharedHead = { path: '/same', headers: Object.assign(Object.create(null), { 'x-own': 'value' }) };
      expect(readBy(reader, bytesOf(writer, one))).toEqual(asRead(one));
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
    ['a whole head that was never said', [3], /never said/],
    ['a whole head within', [3, 1 * 4, 1, 47, 3], /whole head within/],
    ['a whole head beyond what is kept', [3 * 4 + 3, 1 * 4, 1, 47], /remembered at 3/],
    ['a whole head beyond the next place', [1 * 4 + 3, 1 * 4, 1, 47], /remembered at 1/],
    [
      'a whole head that is too long',
      [3, 1 * 4, 0xff, 0x01, ...Array<number>(255).fill(47)],
      /more than 200 characters/,
    ],
    ['a text longer than the head', [0, 5, 1], /longer/],
    ['a number without an end', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], /malformed/],
  ])('with %s break the protocol', (_, bytes, message) => {
    const read = (): Head => readBy(new HeadReader(bounds), Buffer.from(bytes as number[]));
    expect(read).toThrow(MeshError);
    expect(read).toThrow(message as RegExp);
  });

  it('that ask to remember too much break the protocol', () => {
    const writer = new HeadWriter({ heads, pairs: 100, characters: 10_000 });
    const reader = new HeadReader({ heads, pairs: 1, characters: 10_000 });
    const tell = (): void => {
      for (let i = 0; i < 4; i++) readBy(reader, bytesOf(writer, { path: '/a', headers: { 'x-own': 'value' } }));
    };
    expect(tell).toThrow(/remembered/);
  });

  it('are bounded in size', () => {
    expect(() => readBy(new HeadReader(bounds), Buffer.alloc(MAX_HEAD_BYTES + 1))).toThrow(/more than 65536 bytes/);
  });

  it('are bounded in what they say by numbers', () => {
    const saidOften = (value: string, times: number) => (): void => {
      const first = new PayloadWriter().number(1).text('n').text(value).written;
      readBy(new HeadReader({ heads, pairs: 8, characters: 2_000 }), Buffer.concat([first, Buffer.alloc(times, 2)]));
    };
    expect(saidOften('v'.repeat(1_000), 66)).toThrow(/more than 65536 characters/);
    expect(saidOften('v', 300)).toThrow(/more than 256 headers/);
  });

  it.each<[string, Record<string, string>]>([
    ['bytes', { 'x-long': '\u{1F600}'.repeat(17_000) }],
    ['headers', Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`x-${i}`, '']))],
  ])('of more %s than may be read are not written, and leave nothing remembered', (_, headers) => {
    const writer = new HeadWriter(bounds);
    const reader = new HeadReader(bounds);
    const fine: SharedHead = { path: '/a', headers: { 'x-own': 'value' } };
    const write = (): Buffer => bytesOf(writer, { path: '/b', headers: { 'x-own': 'value', ...headers } });
    for (let i = 0; i < 3; i++) {
      expect(write).toThrow(expect.objectContaining({ code: MeshCode.MESSAGE_TOO_LONG, neverSent: true }));
      expect(readBy(reader, bytesOf(writer, fine))).toEqual(asRead(fine));
    }
  });

  it('of the longest that may be written are read', () => {
    const headers = { 'x-long': 'v'.repeat(MAX_HEAD_BYTES - 100) };
    const long: SharedHead = { path: '/a', headers };
    expect(readBy(new HeadReader(bounds), bytesOf(new HeadWriter(bounds), long))).toEqual(asRead(long));
  });

  describe('that calls share', () => {
    const sharedBytes = (writer: HeadWriter, written: SharedHead): Buffer => {
      const out = new PayloadWriter(1);
      const known = writer.known(written);
      if (known === undefined) writer.writeShared(out, written);
      else out.number(known);
      return Buffer.from(out.written);
    };

    it('are read as one and the same frozen object, whichever were said between', () => {
      fc.assert(
        fc.property(
          fc.uniqueArray(head, { minLength: 1, maxLength: 5 }),
          fc.array(fc.record({ at: fc.nat(), as: fc.constantFrom('shared', 'own') }), { maxLength: 40 }),
          (known, steps) => {
            const writer = new HeadWriter(bounds);
            const reader = new HeadReader(bounds);
            for (const { at, as } of steps) {
              const one = known[at % known.length]!;
              const read = readBy(reader, as === 'own' ? bytesOf(writer, one) : sharedBytes(writer, one));
              expect(read).toEqual(asRead(one));
              const again = readBy(reader, sharedBytes(writer, one));
              expect(again).toEqual(asRead(one));
              const third = sharedBytes(writer, one);
              // What is too long to be remembered is another one each time.
              if (third.length > 1) continue;
              expect(readBy(reader, third)).toBe(again);
              expect([again, again.headers].every((each) => Object.isFrozen(each))).toBe(true);
            }
          },
        ),
      );
    });

    it('take a byte from their second time on', () => {
      const writer = new HeadWriter(bounds);
      const one: SharedHead = { path: '/mesh-rpc/v1', headers: { 'mesh-urn': 'a.b.c', 'x-own': 'value' } };
      const sizes = [1, 2, 3].map(() => sharedBytes(writer, one).length);
      expect(sizes[0]).toBeGreaterThan(30);
      expect(sizes.slice(1)).toEqual([1, 1]);
    });

    it('give their places to others when there are no more', () => {
      const writer = new HeadWriter(bounds);
      const reader = new HeadReader(bounds);
      const known = Array.from({ length: 4 }, (_, index): SharedHead => ({ path: `/${index}`, headers: {} }));
      const sizeOf = (index: number): number => {
        const bytes = sharedBytes(writer, known[index]!);
        expect(readBy(reader, bytes).path).toBe(`/${index}`);
        return bytes.length;
      };
      for (const index of [0, 1, 2, 3]) expect(sizeOf(index)).toBeGreaterThan(3);
      expect([sizeOf(3), sizeOf(1), sizeOf(2)]).toEqual([1, 1, 1]);
      expect(sizeOf(0)).toBeGreaterThan(1);
    });

    it('are said in full to one who keeps none, or none so long', () => {
      const none = new HeadWriter({ ...bounds, heads: { count: 0, characters: 0 } });
      const long: SharedHead = { path: '/long', headers: { 'x-own': 'v'.repeat(200) } };
      for (const [writer, one] of [
        [none, { path: '/short', headers: {} }],
        [new HeadWriter(bounds), long],
      ] as const) {
        const reader = new HeadReader(bounds);
        for (let i = 0; i < 3; i++) {
          const bytes = sharedBytes(writer, one);
          expect(bytes[0]! & 3).not.toBe(3);
          expect(readBy(reader, bytes)).toEqual(asRead(one));
        }
      }
    });
  });
});
