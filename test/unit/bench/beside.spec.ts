import { describe, expect, it } from 'vitest';
import { besideReport, undelayed } from '../../bench/beside.js';
import { BESIDE_CELLS, cellName, hurried, type Cell } from '../../bench/cell.js';
import type { Result, Results } from '../../bench/contest.js';
import { measure } from '../../bench/measure.js';
import type { Dialled } from '../../bench/peer.js';
import { resultsOf } from './results.js';

const [ALONE, TO_SERVER, TO_CALLER] = BESIDE_CELLS as [Cell, Cell, Cell];
const OWN = 'mesh-tcp';

function besides(alone: readonly Partial<Result>[], beside: readonly Partial<Result>[]): Results {
  return new Map([...resultsOf(ALONE, { [OWN]: alone }), ...resultsOf(TO_SERVER, { [OWN]: beside })]);
}

/** A client whose large messages are under way until as many small calls were made as are said. */
function clientOf(callsEach: number, log: string[] = []): Dialled {
  let small = 0;
  return {
    prepare: (payload) => async () => {
      small++;
      await new Promise(setImmediate);
      return payload.length;
    },
    prepareUneven: (sent, received) => async () => {
      log.push(`${sent} for ${received}`);
      for (const until = small + callsEach; small < until;) await new Promise(setImmediate);
      return received;
    },
    close: async () => undefined,
  };
}

describe('small calls beside large messages', () => {
  it('go on until two of those have passed, however short the time is', async () => {
    const log: string[] = [];
    const { calls, large, max, p50 } = await measure(clientOf(10, log), TO_SERVER, 0.001);
    expect(large?.messages).toBeGreaterThanOrEqual(2);
    expect(calls).toBeGreaterThanOrEqual(20);
    expect(max).toBeGreaterThanOrEqual(p50);
    expect(new Set(log)).toEqual(new Set(['67108864 for 1']));
  });

  it('have them sent to the caller as well, and none when they are alone', async () => {
    const log: string[] = [];
    await measure(clientOf(1, log), hurried(TO_CALLER), 0.001);
    expect(new Set(log)).toEqual(new Set(['1 for 1048576']));
    expect(await measure(clientOf(1), ALONE, 0.001)).not.toHaveProperty('large');
  });

  it('are not measured when a large message does not come back, or with a peer that has none', async () => {
    const short: Dialled = { ...clientOf(1), prepareUneven: () => () => Promise.resolve(3) };
    await expect(measure(short, TO_SERVER, 0.001)).rejects.toThrow('3 bytes came back, not 1');
    const { prepare, close } = clientOf(1);
    await expect(measure({ prepare, close }, TO_SERVER, 0.001)).rejects.toThrow('the peer has no large messages');
  });

  it('are shown in ms, with what has passed in all rounds', () => {
    const large = { messages: 3, bytesPerSecond: 5e8 };
    const times = { p50: 1_500, p90: 3_000, p99: 20_000, max: 31_000, large };
    const text = besideReport(besides([{ p50: 40 }], [times, times]));
    expect(text).toMatch(/\| mesh-tcp \| +alone \| +0\.04 \| +0\.00 \| +0\.00 \| +0\.00 \| +\| +\|/);
    expect(text).toMatch(
      /\| mesh-tcp \| beside 64 MiB to the server \| +1\.50 \| +3\.00 \| +20\.00 \| +31\.00 \| +6 \| +500 \|/,
    );
  });

  it('are to be at most 5 ms slower for it, nine of ten of them, round by round', () => {
    const alone = [
      { p50: 100, p90: 200 },
      { p50: 9_000, p90: 9_000 },
      { p50: 100, p90: 200 },
    ];
    const beside = [
      { p50: 5_100, p90: 5_300 },
      { p50: 9_000, p90: 9_000 },
      { p50: 5_100, p90: 5_300 },
    ];
    const judged = undelayed(besides(alone, beside));
    expect(judged.map(({ is, reached }) => [is, reached])).toEqual([
      [5, true],
      [expect.closeTo(5.1), false],
    ]);
    expect(judged[0]).toMatchObject({
      row: 'p50 ms: 128 bytes, beside 64 MiB to the server',
      goal: 'at most 5.00 ms more than alone',
    });
  });

  it('are not judged without the peer', () => {
    expect(undelayed(resultsOf(ALONE, { mesh: [{}] }))).toEqual([]);
  });

  it('keep the name of their cell in a run that only shows that they work, but for the size', () => {
    expect(BESIDE_CELLS.map(hurried).map(cellName)).toEqual([
      'beside-c1-128B',
      'beside-c1-128B-1MiB-to-server',
      'beside-c1-128B-1MiB-to-caller',
    ]);
  });
});
