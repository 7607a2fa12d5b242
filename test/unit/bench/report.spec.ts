import { describe, expect, it } from 'vitest';
import { cellName, RPC_CELLS, SESSION_CELLS, type Cell } from '../../bench/cell.js';
import type { Results } from '../../bench/contest.js';
import { report } from '../../bench/report.js';
import { RPC_TABLE, SESSION_TABLE, TABLES } from '../../bench/tables.js';
import { resultsOf } from './results.js';

const [ONE] = RPC_CELLS as [Cell];
const MANY = RPC_CELLS.find(({ kind }) => kind === 'rate') as Cell;
const [, RATE, VOLUME] = SESSION_CELLS as [Cell, Cell, Cell];

describe('report of the bench', () => {
  it('shows a latency of half the reference as twice its speed', () => {
    const results = resultsOf(ONE, { raw: [{ p50: 100 }], mesh: [{ p50: 50 }] });
    expect(rowOf(rpcReport(results), 'p50', 'mesh')).toEqual(['mesh', '50.0', '50.0–50.0', '2.00', '7.0', '9.0']);
  });

  it('shows a throughput of half the reference as half its speed', () => {
    const results = resultsOf(MANY, { raw: [{ callsPerSecond: 1000 }], mesh: [{ callsPerSecond: 500 }] });
    expect(rowOf(rpcReport(results), 'calls/s', 'mesh')[3]).toBe('0.50');
  });

  it('compares round with round, so that a slow spell of the machine does not count', () => {
    const results = resultsOf(MANY, {
      raw: [{ callsPerSecond: 100 }, { callsPerSecond: 1000 }, { callsPerSecond: 1000 }],
      mesh: [{ callsPerSecond: 90 }, { callsPerSecond: 900 }, { callsPerSecond: 90 }],
    });
    const row = rowOf(rpcReport(results), 'calls/s', 'mesh');
    expect(row.slice(1, 4)).toEqual(['90.0', '90.0–900', '0.90']);
  });

  it('counts a push and a pop as two calls, and the bytes that they carry once', () => {
    const both = { raw: [{ callsPerSecond: 1000 }], session: [{ callsPerSecond: 400 }] };
    const rate = report(resultsOf(RATE, both), SESSION_TABLE.references);
    expect(rowOf(rate, 'calls/s', 'session')).toEqual(['session', '800', '800–800', '0.80', '3.5', '4.5']);
    const volume = report(resultsOf(VOLUME, both), SESSION_TABLE.references);
    expect(rowOf(volume, 'MB/s', 'session')).toEqual(['session', '419', '419–419', '0.40', '7.0', '9.0']);
  });
});

describe('the tables of the bench', () => {
  it('have a name of its own for each cell, and goals for peers that they have', () => {
    const cells = TABLES.flatMap((table) => table.cells.map(cellName));
    expect(new Set(cells).size).toBe(cells.length);
    for (const { peers, goals, references } of TABLES) {
      const names = peers.map(({ name }) => name);
      expect(names).toEqual(
        expect.arrayContaining([...references, ...goals.flatMap((goal) => [goal.peer, goal.against])]),
      );
    }
  });
});

function rpcReport(results: Results): string {
  return report(results, RPC_TABLE.references);
}

/** The cells of one line of the table whose title begins so. */
function rowOf(tables: string, title: string, first: string): string[] {
  const table = tables.split('### ').find((section) => section.startsWith(title)) ?? '';
  const line = table.split('\n').find((text) => text.startsWith(`| ${first} `)) ?? '';
  return line
    .split('|')
    .slice(1, -1)
    .map((text) => text.trim());
}
