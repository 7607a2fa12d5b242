import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { agree, decodeHello, encodeHello, type Form, type Hello } from '../../../../lib/transport/link/hello.js';
import { PayloadWriter } from '../../../../lib/protocol/payload.js';
import { thrownBy } from '../../../support/dialect-fixtures.js';

const number = (min: number): fc.Arbitrary<number> => fc.integer({ min, max: 0xffff_ffff });
const hello: fc.Arbitrary<Hello> = fc.record({
  versions: fc.record({ min: number(1), max: number(1) }),
  maxMessageBytes: number(1_024),
  maxCalls: number(1),
  windowBytes: number(4_096),
  bulkBytes: number(1_024),
  table: fc.record({
    pairs: number(0),
    characters: number(0),
    heads: fc.record({ count: number(0), characters: number(0) }),
  }),
  forms: fc.constantFrom(new Set<Form>(), new Set<Form>(['packed'])),
  nodeId: fc.string({ maxLength: 40 }),
  instId: fc.string({ maxLength: 40 }),
});
const [sample] = fc.sample(hello, { numRuns: 1, seed: 1 }) as [Hello];

describe('greetings', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(hello, (one) => {
        expect(decodeHello(encodeHello(one))).toEqual(one);
      }),
    );
  });

  it('may say more than is known', () => {
    const later = Buffer.concat([Buffer.from([99, 3, 1, 2, 3]), encodeHello(sample), Buffer.from([100, 0])]);
    expect(decodeHello(later)).toEqual(sample);
  });

  it('of before there were packed calls and whole heads say that they take none', () => {
    const first = new PayloadWriter();
    for (const field of [1, 2, 3, 4, 5, 6, 7, 8]) first.number(field).number(2).number(5_000);
    expect(decodeHello(Buffer.from(first.written))).toMatchObject({
      forms: new Set(),
      table: { pairs: 5_000, characters: 5_000, heads: { count: 0, characters: 0 } },
    });
  });

  it('may name forms that are not known', () => {
    const later = Buffer.concat([encodeHello(sample), Buffer.from([11, 1, 0x7f])]);
    expect(decodeHello(later).forms).toEqual(new Set(['packed']));
  });

  it('say at most 256 bytes of an id, in whole characters, and the same again', () => {
    const bytes = fc.uint8Array({ minLength: 200, maxLength: 400 });
    const text = fc.string({ unit: 'grapheme', minLength: 100, maxLength: 400 });
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          bytes.map((id) => Buffer.from(id).toString()),
        ),
        (instId) => {
          const said = decodeHello(encodeHello({ ...sample, instId }));
          expect(Buffer.byteLength(said.instId)).toBeLessThanOrEqual(256);
          expect(Buffer.from(instId).toString().startsWith(said.instId)).toBe(true);
          expect(decodeHello(encodeHello(said))).toEqual(said);
        },
      ),
    );
  });

  it('may hold ids that are longer, or no UTF-8', () => {
    const withId = (id: Buffer): Hello => {
      const field = new PayloadWriter().number(10).number(id.length).raw(id).take();
      return decodeHello(Buffer.concat([encodeHello(sample), field]));
    };
    expect(withId(Buffer.from('ü'.repeat(200))).instId).toBe('ü'.repeat(128));
    expect(withId(Buffer.from(`x${'ü'.repeat(200)}`)).instId).toBe(`x${'ü'.repeat(127)}`);
    const said = withId(Buffer.alloc(256, 0x80));
    expect(said.instId).toBe('\ufffd'.repeat(85));
    expect(decodeHello(encodeHello(said))).toEqual(said);
  });

  it('that are malformed break the protocol', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(thrownBy(() => decodeHello(Buffer.from(bytes))).code).toBe(MeshCode.ENCODING);
      }),
    );
    const small = { ...sample, windowBytes: 10 };
    expect(() => decodeHello(encodeHello(small))).toThrow(/says 10 in field 5: at least 4096/);
    expect(() => decodeHello(Buffer.from([1, 1, 1]))).toThrow(/lacks field 2/);
  });

  it('agree on the highest version that both know', () => {
    expect(agree({ ...sample, versions: { min: 1, max: 7 } })).toBe(1);
    const none = thrownBy(() => agree({ ...sample, versions: { min: 2, max: 7 } }));
    expect(none.code).toBe(MeshCode.INCOMPATIBLE);
    expect(none.message).toContain('2 to 7');
  });
});
