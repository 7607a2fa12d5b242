import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import {
  type PackedRequest,
  readPackedRequest,
  writePackedRequest,
} from '../../../../lib/protocol/packed/packed-request.js';
import { PayloadWriter } from '../../../../lib/protocol/payload.js';

const NUMBER = fc.integer({ min: 0, max: 0xffff_ffff });
const TEXT = fc.oneof(fc.string(), fc.string({ unit: 'grapheme', maxLength: 80 }));
const ATTACHMENT = fc.tuple(
  TEXT.map((name) => name.toLowerCase()).filter((name) => name !== '__proto__'),
  TEXT,
);
const BYTES = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const PART = fc.record({ path: fc.array(TEXT, { maxLength: 4 }), bytes: BYTES });
const REQUEST: fc.Arbitrary<PackedRequest> = fc.record({
  timeoutMs: NUMBER,
  traceId: TEXT,
  spanId: TEXT,
  runMode: NUMBER,
  attachments: fc.array(ATTACHMENT, { maxLength: 8 }).map((entries) => Object.fromEntries(entries)),
  content: fc.record({
    contentType: fc.string({ maxLength: 60 }),
    encoded: BYTES,
    parts: fc.array(PART, { maxLength: 5 }),
  }),
});

const plain: PackedRequest = {
  timeoutMs: 1_000,
  traceId: 'C0',
  spanId: '0.1',
  runMode: 1,
  attachments: {},
  content: { contentType: '', encoded: Buffer.from('{}'), parts: [] },
};

function written(request: PackedRequest): Buffer {
  const out = new PayloadWriter(16);
  writePackedRequest(out, request);
  return out.written;
}

/** A request of version 1 without trace, up to where its attachments begin. */
const beginning = (): PayloadWriter => new PayloadWriter().number(1).number(0).text('').text('').number(0);

describe('a packed request', () => {
  it('arrives as it was written', () => {
    fc.assert(
      fc.property(REQUEST, (request) => {
        const read = readPackedRequest(written(request));
        expect({ ...read, attachments: { ...read.attachments } }).toEqual(request);
      }),
    );
  });

  it('is read from any kind of bytes, wherever they stand', () => {
    const bytes = new Uint8Array([9, 9, ...written(plain), 9]);
    expect(readPackedRequest(bytes.subarray(2, bytes.length - 1))).toMatchObject({ traceId: 'C0', spanId: '0.1' });
  });

  it('has attachments by lower-case name, and nothing that was not sent', () => {
    const { attachments } = readPackedRequest(written({ ...plain, attachments: { 'X-Mine': 'a' } }));
    expect(Object.entries(attachments)).toEqual([['x-mine', 'a']]);
    expect(attachments['constructor']).toBeUndefined();
  });

  it.each(['__proto__', '__PROTO__'])('takes no attachment that is named %s', (name) => {
    const body = beginning().number(1).text(name).text('x').number(0).written;
    expect(() => readPackedRequest(body)).toThrow(/must not be named '__proto__'/);
  });

  it('takes as many attachments, of such a length, as a standard request may have', () => {
    const many = (count: number): Buffer => {
      const out = beginning().number(count);
      for (let i = 0; i < count; i++) out.text(`a${i}`).text('');
      return out.text('').number(0).written;
    };
    expect(Object.keys(readPackedRequest(many(256)).attachments)).toHaveLength(256);
    expect(() => readPackedRequest(many(257))).toThrow(/at most 256 attachments/);
    const long = (name: number, value: number): PackedRequest => ({
      ...plain,
      attachments: { ['n'.repeat(name)]: 'v'.repeat(value) },
    });
    expect(() => readPackedRequest(written(long(8192, 8192)))).not.toThrow();
    expect(() => readPackedRequest(written(long(8193, 1)))).toThrow(/at most 8192 characters/);
    expect(() => readPackedRequest(written(long(1, 8193)))).toThrow(/at most 8192 characters/);
  });

  it('is refused in a version that nobody here knows', () => {
    expect(() => readPackedRequest(Buffer.from([2]))).toThrow(/packed in version 2; 1 is understood/);
  });

  it.each([
    ['nothing at all', []],
    ['a number without an end', [1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['a number beyond 32 bits', [1, 0xff, 0xff, 0xff, 0xff, 0x1f]],
    ['a trace longer than what came', [1, 0, 200, 1, 65]],
    ['an attachment that is not there', [1, 0, 0, 0, 0, 1]],
    ['a content type longer than what came', [1, 0, 0, 0, 0, 0, 5, 65]],
    ['parts that are not there', [1, 0, 0, 0, 0, 0, 0, 3]],
    ['more parts than a value has', [1, 0, 0, 0, 0, 0, 0, 0x81, 0x08]],
    ['a part that stands too deep', [1, 0, 0, 0, 0, 0, 0, 1, 33, ...Array<number>(33).fill(0), 0]],
    ['a part longer than what came', [1, 0, 0, 0, 0, 0, 0, 1, 0, 9, 1, 2]],
    ['parts that are together longer than what came', [1, 0, 0, 0, 0, 0, 0, 2, 0, 2, 0, 2, 1, 2, 3]],
  ])('is refused when it has %s', (_, bytes) => {
    const refused = expect.objectContaining({ code: MeshCode.ENCODING }) as MeshError;
    expect(() => readPackedRequest(Buffer.from(bytes))).toThrow(refused);
  });

  it('is refused with a media type that is none', () => {
    const content = { ...plain.content, contentType: 'a'.repeat(257) };
    expect(() => readPackedRequest(written({ ...plain, content }))).toThrow(/media type of a content is too long/);
  });

  it('is read, or refused with an error of ours, whatever the bytes', () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(REQUEST, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([request, at, byte]) => {
        const bytes = Buffer.from(written(request));
        bytes[at % bytes.length] = byte;
        return bytes;
      }),
      fc.tuple(REQUEST, fc.nat()).map(([request, at]) => {
        const bytes = written(request);
        return bytes.subarray(0, at % bytes.length);
      }),
    );
    fc.assert(
      fc.property(hostile, (bytes) => {
        try {
          readPackedRequest(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MeshError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
