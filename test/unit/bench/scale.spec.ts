import { describe, expect, it } from 'vitest';
import { SCALE_CELLS, type Cell } from '../../bench/cell.js';
import type { Results } from '../../bench/contest.js';
import { flatness, scaleReport } from '../../bench/scale.js';
import { resultsOf } from './results.js';

/** What both ends of a call took in each of the cells. */
function costing(cells: readonly Cell[], costs: readonly number[]): Results {
  return new Map(
    cells.flatMap((cell, at) => [...resultsOf(cell, { 'mesh-tcp': [{ clientCpu: costs[at]!, serverCpu: 1 }] })]),
  );
}

const CALLS = SCALE_CELLS.filter(({ connections }) => connections === undefined);
const CONNECTIONS = SCALE_CELLS.filter(({ connections }) => connections !== undefined);

describe('the cost of calls as there are more', () => {
  it('is that of both ends, beside that with the fewest', () => {
    const text = scaleReport(costing(CALLS, [9, 14, 4]));
    expect(text).toMatch(/\| peer +\| 64 calls \| 256 calls \| 1 000 calls \| last × first \|/);
    expect(text).toMatch(/\| mesh-tcp, CPU µs +\| +10\.0 \| +15\.0 \| +5\.0 \| +0\.50 \|/);
  });

  it('is to be at most half as much again', () => {
    const judged = flatness(costing(CALLS, [9, 14, 14.1]));
    expect(judged.map(({ is, reached }) => [is, reached])).toEqual([
      [1.5, true],
      [1.51, false],
    ]);
  });

  it('is judged for calls and for connections by themselves', () => {
    const results = new Map([...costing(CALLS, [1, 1, 1]), ...costing(CONNECTIONS, [99, 99, 99, 99])]);
    expect(flatness(results).map(({ row, reached }) => [row.split(', ').at(-1), reached])).toEqual([
      ['256 calls', true],
      ['1 000 calls', true],
      ['10 conn.', true],
      ['100 conn.', true],
      ['1 000 conn.', true],
    ]);
  });

  it('is not judged without the peer', () => {
    expect(flatness(resultsOf(CALLS[0]!, { 'nest-tcp': [{}] }))).toEqual([]);
  });
});
