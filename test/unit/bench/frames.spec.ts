import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameGatherer, frameOf, FrameReader } from '../../bench/peers/frames.js';

/** Cuts bytes into pieces of these sizes, in turn. */
function pieces(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const cut: Buffer[] = [];
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const size = sizes[piece % sizes.length] ?? bytes.length;
    cut.push(bytes.subarray(at, at + size));
    at += size;
  }
  return cut;
}

describe('frames of the bench', () => {
  it('are found in whatever pieces they arrive', () => {
    const frames = fc.array(fc.tuple(fc.nat(), fc.string({ maxLength: 40 })), { minLength: 1, maxLength: 8 });
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 });
    fc.assert(
      fc.property(frames, sizes, (sent, cuts) => {
        const bytes = Buffer.concat(sent.flatMap(([id, body]) => frameOf(id, Buffer.from(body))));
        const found: [number, string][] = [];
        const reader = new FrameReader((id, body) => found.push([id, body.toString()]));
        for (const piece of pieces(bytes, cuts)) reader.read(piece);
        expect(found).toEqual(sent);
      }),
    );
  });

  it('of one tick are passed on together', async () => {
    const passed: string[] = [];
    const gatherer = new FrameGatherer((parts, bytes) => passed.push(`${parts.length} parts, ${bytes} bytes`));
    gatherer.add(1, Buffer.from('abc'));
    gatherer.add(2, Buffer.from('d'));
    expect(passed).toEqual([]);
    await new Promise(setImmediate);
    expect(passed).toEqual(['4 parts, 20 bytes']);
  });

  it('do not wait for the end of the tick when there are many bytes', () => {
    let passed = 0;
    const gatherer = new FrameGatherer((_, bytes) => (passed += bytes));
    gatherer.add(1, Buffer.alloc(256 * 1_024));
    expect(passed).toBe(256 * 1_024 + 8);
  });
});
