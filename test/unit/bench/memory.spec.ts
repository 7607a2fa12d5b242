import { describe, expect, it } from 'vitest';
import { judgedMemory } from '../../bench/memory.js';

/** Memory at the start and after each tenth of the calls. */
function pointsOf(used: readonly number[]) {
  return used.map((mib, at) => ({ calls: at * 1_000, used: [mib] }));
}

describe('memory while calls are made', () => {
  it('is flat when the second half takes no more than the first, whatever is loaded at first', () => {
    const [judged] = judgedMemory('mesh-tcp', ['client'], pointsOf([5, 20, 21, 20, 21, 21, 21.5, 21, 22, 21, 21]));
    expect(judged).toMatchObject({ peer: 'mesh-tcp', is: 1, reached: true });
  });

  it('is not flat when it grows', () => {
    const [judged] = judgedMemory('mesh-tcp', ['client'], pointsOf([5, 20, 20, 20, 20, 20, 20, 20, 20, 20, 21.5]));
    expect(judged).toMatchObject({ is: 1.5, reached: false });
  });
});
