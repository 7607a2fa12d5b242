import { describe, expect, it } from 'vitest';
import { RPC_CELLS, SESSION_CELLS, type Cell } from '../../bench/cell.js';
import { judge, verdict, type Goal } from '../../bench/goals.js';
import { RPC_TABLE, SESSION_TABLE } from '../../bench/tables.js';
import { resultsOf } from './results.js';

const [SMALL, LARGE] = RPC_CELLS.filter(({ kind }) => kind === 'rate') as [Cell, Cell];
const [WAITING] = SESSION_CELLS as [Cell];

describe('goals of the bench', () => {
  const goal: Goal = { peer: 'mesh', against: 'raw', share: 0.8, units: ['calls/s', 'p50 µs'] };

  it('are reached by a share of the calls in a second', () => {
    const is = (callsPerSecond: number) =>
      judge(resultsOf(SMALL, { raw: [{ callsPerSecond: 1_000 }], mesh: [{ callsPerSecond }] }), [goal])[0];
    expect(is(800)).toMatchObject({ peer: 'mesh', goal: 'at least 0.80 × raw', is: 0.8, reached: true });
    expect(is(790)).toMatchObject({ is: 0.79, reached: false });
  });

  it('are reached by a time that is so much longer at most', () => {
    const is = (p50: number) => judge(resultsOf(WAITING, { raw: [{ p50: 100 }], mesh: [{ p50 }] }), [goal])[0];
    expect(is(125)).toMatchObject({ goal: 'at most 1.25 × raw', is: 1.25, reached: true });
    expect(is(126)).toMatchObject({ is: 1.26, reached: false });
  });

  it('hold for the payload and the quantities that they name', () => {
    const rounds = { raw: [{}], mesh: [{}] };
    expect(judge(resultsOf(LARGE, rounds), [{ ...goal, bytes: SMALL.bytes }])).toEqual([]);
    expect(judge(resultsOf(SMALL, rounds), [{ ...goal, bytes: SMALL.bytes }])).toHaveLength(1);
    expect(judge(resultsOf(SMALL, rounds), [{ ...goal, units: ['p99 µs'] }])).toEqual([]);
  });

  it('are none when a peer that they need did not run', () => {
    expect(verdict(judge(resultsOf(SMALL, { mesh: [{}] }), RPC_TABLE.goals))).toBe('');
  });

  it('are shown in a line each', () => {
    const judged = judge(resultsOf(SMALL, { raw: [{}], mesh: [{}] }), [goal]);
    expect(verdict(judged)).toMatch(
      /^\| calls\/s: 128 bytes, 64 calls at a time \| mesh \| at least 0\.80 × raw \| 1\.00 \| +yes \|$/m,
    );
  });

  it('hold calls over TCP against those of others', () => {
    const rounds = {
      raw: [{ callsPerSecond: 5 }],
      'nest-tcp': [{ callsPerSecond: 40 }],
      moleculer: [{ callsPerSecond: 60 }],
      'mesh-tcp': [{ callsPerSecond: 80 }],
    };
    const reached = judge(resultsOf(SMALL, rounds), RPC_TABLE.goals).map((judgement) => judgement.reached);
    expect(reached).toEqual([true, false, false]);
  });

  it('hold a message to a receiver who waits against one call', () => {
    const reached = (p50: number): boolean[] => {
      const rounds = { raw: [{ p50: 100 }], session: [{ p50 }] };
      return judge(resultsOf(WAITING, rounds), SESSION_TABLE.goals).map((judgement) => judgement.reached);
    };
    expect(reached(125)).toEqual([true]);
    expect(reached(135)).toEqual([false]);
  });
});
