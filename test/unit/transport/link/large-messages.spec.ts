import { describe, expect, it } from 'vitest';
import { LargeMessages } from '../../../../lib/transport/link/large-messages.js';
import { UNPACED_BYTES } from '../../../../lib/transport/link/pace.js';
import { PIECE_BYTES } from '../../../../lib/transport/link/wire.js';

const MIB = 1024 * 1024;

/** Adds messages of these sizes, and sends until nothing is left. @returns whose pieces went, in order, and how many of each turn */
function turnsOf(...sizes: readonly number[]): { readonly id: number; readonly bytes: number }[] {
  const large = new LargeMessages();
  for (const [id, size] of sizes.entries()) {
    large.add({ id, message: { body: Buffer.alloc(size) }, position: 0, sent: () => undefined });
  }
  const turns: { id: number; bytes: number }[] = [];
  const marks: number[] = [];
  const sink = {
    piece: (id: number, { length }: Uint8Array) => {
      const last = turns.at(-1);
      if (last?.id === id) last.bytes += length;
      else turns.push({ id, bytes: length });
    },
    mark: (id: number) => void marks.push(id),
  };
  while (!large.isEmpty) {
    large.send(0, sink);
    for (const mark of marks.splice(0)) large.gotAnswer(mark);
  }
  return turns;
}

describe('large messages', () => {
  it('go one after the other, so that the first does not arrive as late as the last', () => {
    expect(turnsOf(MIB, MIB, MIB)).toEqual([0, 1, 2].map((id) => ({ id, bytes: MIB })));
    expect(turnsOf(100_000, 200_000)).toEqual([
      { id: 0, bytes: 100_000 },
      { id: 1, bytes: 200_000 },
    ]);
  });

  it('take turns where one is so large that others would wait for long', () => {
    expect(turnsOf(3 * MIB + 1, 2 * MIB, 5)).toEqual([
      { id: 0, bytes: MIB },
      { id: 1, bytes: MIB },
      { id: 2, bytes: 5 },
      { id: 0, bytes: MIB },
      { id: 1, bytes: MIB },
      { id: 0, bytes: MIB + 1 },
    ]);
  });

  it('take turns where they are held back, too', () => {
    const turns = turnsOf(2 * UNPACED_BYTES, PIECE_BYTES);
    expect(turns.map(({ id }) => id)).toEqual([0, 1, 0]);
    expect(turns.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(2 * UNPACED_BYTES + PIECE_BYTES);
  });
});
