import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import type { PtpLayout, PtpMessages } from '../../../../lib/protocol/ptp/messages.js';
import { ABSENT_BYTES, decodePtp } from '../../../../lib/protocol/ptp/protobuf-reader.js';
import { encodeAnswerParts, encodePtp, encodePushParts } from '../../../../lib/protocol/ptp/protobuf-writer.js';
import { fieldsOf, plain, protobufEs, protobufJs, PTP_NAMES, type PtpName } from '../../../support/ptp-peers.js';

/** A message, its name and its layout. */
interface Case {
  readonly name: PtpName;
  readonly layout: PtpLayout;
  readonly value: PtpMessages[PtpName];
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ maxLength: 20 }),
  fc.string({ minLength: 100, maxLength: 300 }),
  fc.string({ unit: 'grapheme', minLength: 120, maxLength: 140 }),
);
const key = text.filter((name) => name !== '__proto__');
const values = {
  string: text,
  bytes: fc.uint8Array({ maxLength: 300 }),
  int32: fc.oneof(fc.integer(), fc.constantFrom(0, 127, 128, -1, -2_147_483_648, 2_147_483_647)),
  map: fc.dictionary(key, text, { maxKeys: 5 }),
};
const cases: fc.Arbitrary<Case> = fc
  .record({ name: fc.constantFrom(...PTP_NAMES), layout: fc.constantFrom<PtpLayout>('standard', 'yacl') })
  .chain(({ name, layout }) => {
    const fields = Object.entries(fieldsOf(name, layout)).map(([field, [, kind]]) => [field, values[kind]] as const);
    return fc.record(Object.fromEntries(fields)).map((fields) => {
      const value = { metadata: {}, ...fields } as PtpMessages[PtpName];
      return { name, layout, value };
    });
  });

/** The fields that are written: protobufjs also writes those with default values, when they are there. */
function withoutDefaults(value: PtpMessages[PtpName]): PtpMessages[PtpName] {
  const isDefault = (field: unknown): boolean =>
    field === 0 || field === '' || (field instanceof Uint8Array && field.byteLength === 0);
  const fields = Object.entries(value).filter(([, field]) => !isDefault(field));
  const written: object = Object.fromEntries(fields);
  return written as PtpMessages[PtpName];
}

/** A message that is rejected, and why. */
function rejection(decode: () => unknown): string {
  try {
    decode();
  } catch (error) {
    if (error instanceof MeshError && error.code === MeshCode.ENCODING) return error.message;
    throw error;
  }
  throw new Error('nothing was rejected');
}

describe('the messages in protobuf', () => {
  it('are decoded to what was encoded', () => {
    fc.assert(
      fc.property(cases, ({ name, layout, value }) => {
        const decoded = decodePtp(name, encodePtp(name, value, layout), layout);
        expect(plain(name, decoded, layout)).toEqual(plain(name, value, layout));
      }),
      { numRuns: 500 },
    );
  });

  const peers = { protobufjs: protobufJs(), 'protobuf-es': protobufEs() };

  describe.each(Object.entries(peers))('beside %s', (_, peer) => {
    it('are encoded to the same bytes', () => {
      fc.assert(
        fc.property(cases, ({ name, layout, value }) => {
          const [own, other] = [encodePtp(name, value, layout), peer.encode(name, withoutDefaults(value), layout)];
          expect(own.toString('hex')).toBe(Buffer.from(other).toString('hex'));
        }),
        { numRuns: 300 },
      );
    });

    it('are decoded to the same values, also when they come in pieces, twice, or with fields that nobody knows', () => {
      const unknown = fc.constantFrom(
        '2a0161',
        '7800',
        '7d00000000',
        '7900000000000000ff',
        '7b0a01617c',
        'f8ffffff0f01',
      );
      fc.assert(
        fc.property(cases, fc.array(fc.oneof(unknown, cases), { maxLength: 4 }), ({ name, layout, value }, others) => {
          const more = others.map((other) =>
            typeof other === 'string' ? Buffer.from(other, 'hex') : encodeAs(name, layout, other),
          );
          const bytes = Buffer.concat([...more, encodePtp(name, value, layout), ...more.slice(0, 1)]);
          const [own, other] = [decodePtp(name, bytes, layout), peer.decode(name, bytes, layout)];
          expect(plain(name, own, layout)).toEqual(plain(name, other, layout));
        }),
        { numRuns: 300 },
      );
    });

    /** The bytes of a case, when it is of the message wanted. */
    const encodeAs = (name: PtpName, layout: PtpLayout, other: Case): Buffer =>
      other.name === name && other.layout === layout ? encodePtp(name, other.value, layout) : Buffer.alloc(0);
  });

  // protobufjs takes a text that is cut off for a shorter one.
  it('are rejected wherever they are cut off, unless that is between fields, as by protobuf-es', () => {
    const peer = peers['protobuf-es'];
    const attempt = (decode: () => unknown): string => {
      try {
        return JSON.stringify(decode());
      } catch {
        return 'rejected';
      }
    };
    fc.assert(
      fc.property(cases, fc.nat(), ({ name, layout, value }, at) => {
        const whole = encodePtp(name, value, layout);
        const bytes = whole.subarray(0, whole.length === 0 ? 0 : at % whole.length);
        const own = attempt(() => plain(name, decodePtp(name, bytes, layout), layout));
        const other = attempt(() => plain(name, peer.decode(name, bytes, layout), layout));
        expect(own).toBe(other);
      }),
      { numRuns: 500 },
    );
  });

  it('are decoded or rejected with E0000000616, and nothing else, whatever the bytes', () => {
    const altered = fc.tuple(cases, fc.nat(), fc.nat(255)).map(([{ name, layout, value }, at, byte]) => {
      const bytes = encodePtp(name, value, layout);
      if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return { name, layout, bytes };
    });
    const random = fc.record({
      name: fc.constantFrom(...PTP_NAMES),
      layout: fc.constantFrom<PtpLayout>('standard', 'yacl'),
      bytes: fc.uint8Array({ maxLength: 40 }),
    });
    fc.assert(
      fc.property(fc.oneof(altered, random), ({ name, layout, bytes }) => {
        try {
          const decoded = decodePtp(name, bytes, layout);
          // What was understood can be said again, and is understood in the same way.
          const again = decodePtp(name, encodePtp(name, decoded, layout), layout);
          expect(plain(name, again, layout)).toEqual(plain(name, decoded, layout));
        } catch (error) {
          if (!(error instanceof MeshError)) throw error;
          expect(error.code).toBe(MeshCode.ENCODING);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('decodePtp', () => {
  const hex = (text: string): Buffer => Buffer.from(text, 'hex');

  it('gives every message its fields, and no other', () => {
    const empty = new Uint8Array(0);
    const fields = PTP_NAMES.map((name) => [name, Object.keys(decodePtp(name, empty)).toSorted()]);
    expect(fields).toEqual(PTP_NAMES.map((name) => [name, Object.keys(fieldsOf(name, 'standard')).toSorted()]));
    expect(decodePtp('TransportOutbound', empty, 'yacl')).toEqual(decodePtp('TransportOutbound', empty));
  });

  it('tells bytes that are absent from bytes that are none', () => {
    expect(decodePtp('PushInbound', hex('0a0161')).payload).toBe(ABSENT_BYTES);
    expect(decodePtp('PushInbound', hex('1200')).payload).not.toBe(ABSENT_BYTES);
    expect(decodePtp('PushInbound', hex('1200')).payload.byteLength).toBe(0);
    expect(decodePtp('TransportOutbound', hex('0a00'), 'yacl').payload).not.toBe(ABSENT_BYTES);
  });

  it('does not copy payloads', () => {
    const bytes = encodePtp('PushInbound', { topic: 't', payload: Buffer.from('payload'), metadata: {} });
    const { payload } = decodePtp('PushInbound', bytes);
    expect(payload.buffer).toBe(bytes.buffer);
    bytes.fill(0);
    expect([...payload]).toEqual(Array(7).fill(0));
  });

  it('reads bytes that are no Buffer, and that begin anywhere in their memory', () => {
    const bytes = encodePtp('PopInbound', { topic: 'topic', timeout: -1 });
    const memory = new Uint8Array(bytes.length + 10).fill(0xff);
    memory.set(bytes, 5);
    const view = memory.subarray(5, 5 + bytes.length);
    expect(decodePtp('PopInbound', view)).toEqual({ topic: 'topic', timeout: -1 });
  });

  it('gives maps that have the keys sent and inherit nothing', () => {
    const names = ['__proto__', 'constructor', 'hasOwnProperty', ''];
    const entries = names.map((name) => `1a${byte(4 + name.length + 1)}0a${byte(name.length)}${utf8(name)}120178`);
    const { metadata } = decodePtp('PushInbound', hex(entries.join('')));
    expect(Object.entries(metadata)).toEqual(names.map((name) => [name, 'x']));
    for (const name of ['toString', 'valueOf', 'isPrototypeOf']) expect(metadata[name]).toBeUndefined();
    const clean = decodePtp('PushInbound', new Uint8Array(0)).metadata;
    expect([clean['__proto__'], clean['constructor']]).toEqual([undefined, undefined]);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  const byte = (value: number): string => Buffer.of(value).toString('hex');
  const utf8 = (text: string): string => Buffer.from(text).toString('hex');

  it('reads text in which the replacement character was sent', () => {
    expect(decodePtp('PeekInbound', hex(`0a03${utf8('\uFFFD')}`)).topic).toBe('\uFFFD');
  });

  it.each([
    ['a length beyond the message', '0a0561', 'a length of 5 with 1 bytes left, at byte 2'],
    ['a length of 4 GiB', '0affffffff0f61', 'a length of 4294967295'],
    ['a length of more than 32 bits', '0affffffff1f61', 'a number of more than 32 bits'],
    ['a tag of more than 32 bits', '8a8080801061', 'a number of more than 32 bits'],
    ['a number of eleven bytes', '78ffffffffffffffffffff01', 'a number of more than 10 bytes'],
    ['an end within a tag', 'fa', 'an end within a number'],
    ['an end within a number', '78ff', 'an end within a number'],
    ['an end within a fixed field', '7900', 'an end within a field'],
    ['an unknown wire type', '7e', 'an unknown wire type 6'],
    ['the end of a group that never began', '7c', 'an unknown wire type 4'],
    ['a group that does not end', '7b7801', 'a group that does not end'],
    ['a group that ends as another', '7b74', 'a group that does not end'],
    ['deep groups', '7b'.repeat(100), 'groups nested deeper than 16'],
    ['the field number 0', '0200', 'the field number 0'],
    ['an entry that ends beyond its length', '1a020a0361', 'a length of 3 with 1 bytes left'],
    ['an entry whose field ends beyond it', '1a020a0361626312', 'an entry of a map that ends beyond its length'],
    ['text that is no UTF-8', '0a02c328', 'text that is no UTF-8'],
    ['a key that is no UTF-8', '1a040a02c328', 'text that is no UTF-8'],
    ['a surrogate in UTF-8', '0a03eda080', 'text that is no UTF-8'],
  ])('rejects %s', (_, bytes, reason) => {
    expect(rejection(() => decodePtp('PushInbound', hex(bytes)))).toContain(reason);
  });

  it('reads 1 024 entries of a map, and rejects more', () => {
    const entries = (count: number): Buffer => hex('1a050a0161120162'.replace('05', '06').repeat(count));
    expect(decodePtp('PushInbound', entries(1_024)).metadata).toEqual({ a: 'b' });
    expect(rejection(() => decodePtp('PushInbound', entries(1_025)))).toContain('more than 1024 entries in a map');
  });

  it('names the message and the place', () => {
    expect(rejection(() => decodePtp('PopInbound', hex('0a016110')))).toBe(
      'no PopInbound in protobuf: an end within a number, at byte 4',
    );
  });

  it('skips groups within groups', () => {
    const nested = `${'7b'.repeat(16)}0a0161${'7c'.repeat(16)}0a0162`;
    expect(decodePtp('PeekInbound', hex(nested)).topic).toBe('b');
  });
});

describe('encodePtp', () => {
  it('writes what is no well-formed text as Node writes it', () => {
    const bytes = encodePtp('PeekInbound', { topic: 'a\uD800b' });
    expect(decodePtp('PeekInbound', bytes).topic).toBe('a\uFFFDb');
  });

  it('writes entries that are longer than 127 bytes', () => {
    for (const length of [60, 61, 62, 63, 64, 127, 128, 16_000, 20_000]) {
      const metadata = { ['k'.repeat(length)]: 'ü'.repeat(length), after: '' };
      const bytes = encodePtp('Inbound', { metadata, payload: Buffer.from('payload') });
      expect(plain('Inbound', decodePtp('Inbound', bytes), 'standard')).toEqual(
        plain('Inbound', { metadata, payload: Buffer.from('payload') }, 'standard'),
      );
    }
  });
});

describe('a payload that stands behind the rest of its message', () => {
  const push = fc.record({ topic: text, payload: values.bytes, metadata: values.map });
  const answer = fc.record({ metadata: values.map, payload: values.bytes, code: text, message: text });

  it('is read as if it stood anywhere, and is not copied', () => {
    fc.assert(
      fc.property(push, (value) => {
        const { body, tail } = encodePushParts(value);
        expect(tail).toBe(value.payload);
        expect(plain('PushInbound', decodePtp('PushInbound', Buffer.concat([body, tail])), 'standard')).toEqual(
          plain('PushInbound', value, 'standard'),
        );
      }),
    );
  });

  it.each(['standard', 'yacl'] as const)('is read in an answer of the layout %s, too', (layout) => {
    fc.assert(
      fc.property(answer, (value) => {
        const { body, tail } = encodeAnswerParts(value, layout);
        expect(tail).toBe(value.payload);
        const read = decodePtp('TransportOutbound', Buffer.concat([body, tail]), layout);
        expect(plain('TransportOutbound', read, layout)).toEqual(plain('TransportOutbound', value, layout));
      }),
    );
  });
});
