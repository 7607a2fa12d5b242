import { describe, expect, it } from 'vitest';
import { spentMemory } from '../../../lib/transport/spent-memory.js';

const SIZE = 64 * 1024;

describe('memory that is spent', () => {
  it('is gone at once, without a collection', () => {
    const all = Array.from({ length: 1_000 }, () => Buffer.allocUnsafeSlow(SIZE));
    const before = process.memoryUsage().arrayBuffers;
    for (const bytes of all) spentMemory.giveBack(bytes);
    expect(before - process.memoryUsage().arrayBuffers).toBeGreaterThan(900 * SIZE);
    expect(all.every(({ byteLength, buffer }) => byteLength === 0 && buffer.byteLength === 0)).toBe(true);
  });

  it.each([
    ['is little', () => Buffer.allocUnsafeSlow(1_024)],
    ['is part of more', () => Buffer.allocUnsafeSlow(2 * SIZE).subarray(SIZE)],
    ['is shared with other threads', () => Buffer.from(new SharedArrayBuffer(SIZE))],
  ])('stays where it %s', (_, take) => {
    const bytes = take().fill(7);
    const { byteLength } = bytes;
    spentMemory.giveBack(bytes);
    expect(bytes).toEqual(Buffer.alloc(byteLength, 7));
  });
});
