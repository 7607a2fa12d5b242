import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pieces } from '../../../lib/transport/pieces.js';

function piecesOf(chunks: readonly Uint8Array[]): Pieces {
  const pieces = new Pieces();
  for (const chunk of chunks) pieces.add(Buffer.from(chunk));
  return pieces;
}

describe('what has come in pieces', () => {
  it('is what has come, in order, whatever their sizes are', () => {
    const chunk = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 1_020, maxLength: 1_030 }));
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 60 }), (chunks) => {
        expect(Buffer.concat(piecesOf(chunks).all)).toEqual(Buffer.concat(chunks));
      }),
    );
  });

  it('stands in few pieces, where it has come in many small ones', () => {
    const bytes = Array.from({ length: 100_000 }, (_, i) => Buffer.of(i & 0xff));
    const { all } = piecesOf(bytes);
    expect(all.length).toBeLessThan(10);
    expect(all.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)).toBeLessThan(150_000);
  });

  it('keeps large pieces as they are', () => {
    const large = [Buffer.alloc(2_000, 1), Buffer.alloc(2_000, 2)];
    const pieces = new Pieces();
    for (const piece of large) pieces.add(piece);
    expect(pieces.all[0]).toBe(large[0]);
    expect(pieces.all[1]).toBe(large[1]);
  });

  it('goes on behind what was dropped, and begins anew once all was', () => {
    const pieces = piecesOf([Buffer.from('ab'), Buffer.from('cd'), Buffer.alloc(1_024, 'e')]);
    pieces.drop(1);
    pieces.add(Buffer.from('f'));
    expect(String(Buffer.concat(pieces.all))).toBe(`cd${'e'.repeat(1_024)}f`);
    pieces.clear();
    expect(pieces.all).toEqual([]);
    const first = Buffer.from('g');
    pieces.add(first);
    expect(pieces.all[0]).toBe(first);
  });
});
