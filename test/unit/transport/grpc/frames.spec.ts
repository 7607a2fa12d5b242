import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { encodeFrame, FrameReader } from '../../../../lib/transport/grpc/frames.js';

const LIMIT = 256 * 1024;

/** All messages that are whole by now. */
function drain(reader: FrameReader): Buffer[] {
  const bodies: Buffer[] = [];
  for (let frame = reader.next(); frame; frame = reader.next()) bodies.push(frame.body);
  return bodies;
}

/** Cuts bytes into pieces of the lengths given, over and over. */
function* cut(bytes: Buffer, lengths: readonly number[]): Generator<Buffer> {
  for (let start = 0, i = 0; start < bytes.length; i++) {
    const end = start + (lengths[i % lengths.length] ?? bytes.length);
    yield bytes.subarray(start, end);
    start = end;
  }
}

describe('gRPC messages', () => {
  it('are preceded by a flag and their length', () => {
    expect([...encodeFrame(Buffer.from('ab'))]).toEqual([0, 0, 0, 0, 2, 97, 98]);
    expect([...encodeFrame(new Uint8Array(0))]).toEqual([0, 0, 0, 0, 0]);
  });

  it('are read whatever the pieces in which they arrive', () => {
    const sizes = fc.oneof(fc.nat(40), fc.integer({ min: 60_000, max: 150_000 }));
    const messages = fc.array(
      sizes.map((size) => randomBytes(size)),
      { maxLength: 6 },
    );
    const lengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 50_000 })), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(messages, lengths, (sent, pieces) => {
        const reader = new FrameReader(LIMIT);
        const received: Buffer[] = [];
        for (const piece of cut(Buffer.concat(sent.map(encodeFrame)), pieces)) {
          reader.push(piece);
          received.push(...drain(reader));
        }
        expect(received).toHaveLength(sent.length);
        expect(received.every((body, i) => body.equals(sent[i]!))).toBe(true);
        expect(reader.empty).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('are kept until somebody takes them', () => {
    const reader = new FrameReader(LIMIT);
    reader.push(Buffer.concat(['a', 'b'].map((text) => encodeFrame(Buffer.from(text)))));
    expect(reader.next()?.body.toString()).toBe('a');
    reader.push(encodeFrame(Buffer.from('c')));
    expect(drain(reader).map(String)).toEqual(['b', 'c']);
    expect(reader.next()).toBeUndefined();
  });

  it('say whether they are compressed', () => {
    const reader = new FrameReader(LIMIT);
    reader.push(Buffer.from([1, 0, 0, 0, 1, 97]));
    expect(reader.next()?.compressed).toBe(true);
  });

  it('are not read over the limit, however little of them has arrived', () => {
    const reader = new FrameReader(LIMIT);
    reader.push(Buffer.from([0, 0, 4, 0, 1]));
    expect(() => reader.next()).toThrow(expect.objectContaining({ code: MeshCode.MESSAGE_TOO_LONG }));
  });

  it('take no memory for bytes that were only announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 100 }, () => {
      const reader = new FrameReader(64 * 1024 * 1024);
      reader.push(Buffer.from([0, 4, 0, 0, 0, 1]));
      expect(reader.next()).toBeUndefined();
      expect(reader.empty).toBe(false);
      return reader;
    });
    expect(readers).toHaveLength(100);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('come byte by byte', () => {
    const body = randomBytes(50_000);
    const frame = encodeFrame(body);
    const reader = new FrameReader(LIMIT * 1024);
    for (let at = 0; at < frame.length - 1; at++) {
      reader.push(Buffer.from(frame.subarray(at, at + 1)));
      if (reader.next()) expect.fail(`a message came after ${at + 1} bytes`);
    }
    reader.push(Buffer.concat([frame.subarray(-1), encodeFrame(Buffer.from('next'))]));
    expect(Buffer.compare(reader.next()?.body ?? Buffer.alloc(0), body)).toBe(0);
    expect(reader.next()?.body.toString()).toBe('next');
    expect(reader.empty).toBe(true);
  });

  it('are refused when they are none', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 255 }), (flag) => {
        const reader = new FrameReader(LIMIT);
        reader.push(Buffer.from([flag, 0, 0, 0, 0]));
        expect(() => reader.next()).toThrow(expect.objectContaining({ code: MeshCode.ENCODING }));
      }),
    );
  });
});
