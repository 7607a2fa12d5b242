import { describe, expect, it } from 'vitest';
import { CELLS } from '../../bench/cell.js';
import type { Cell } from '../../bench/cell.js';
import type { Result, Results } from '../../bench/contest.js';
import type { Peer } from '../../bench/peer.js';
import { report, verdict } from '../../bench/report.js';

const [ONE] = CELLS as [Cell];
const MANY = CELLS.find((cell) => cell.concurrency > 1) as Cell;

describe('report of the bench', () => {
  it('shows a latency of half the reference as twice its speed', () => {
    const results = resultsOf(ONE, { raw: [{ p50: 100 }], mesh: [{ p50: 50 }] });
    expect(rowOf(report(results), 'p50', 'mesh')).toEqual(['mesh', '50.0', '50.0–50.0', '2.00', '7.0', '9.0']);
  });

  it('shows a throughput of half the reference as half its speed', () => {
    const results = resultsOf(MANY, { raw: [{ callsPerSecond: 1000 }], mesh: [{ callsPerSecond: 500 }] });
    expect(rowOf(report(results), 'calls/s', 'mesh')[3]).toBe('0.50');
  });

  it('compares round with round, so that a slow spell of the machine does not count', () => {
    const results = resultsOf(MANY, {
      raw: [{ callsPerSecond: 100 }, { callsPerSecond: 1000 }, { callsPerSecond: 1000 }],
      mesh: [{ callsPerSecond: 90 }, { callsPerSecond: 900 }, { callsPerSecond: 90 }],
    });
    const row = rowOf(report(results), 'calls/s', 'mesh');
    expect(row.slice(1, 4)).toEqual(['90.0', '90.0–900', '0.90']);
  });

  it('says of each row whether the mesh has reached both', () => {
    const raw = [{ callsPerSecond: 1000 }];
    const nest = [{ callsPerSecond: 880 }];
    const judge = (callsPerSecond: number): string | undefined =>
      rowOf(
        verdict(resultsOf(MANY, { raw, 'nest-grpc': nest, mesh: [{ callsPerSecond }] })),
        'mesh',
        'calls/s: 128 bytes, 64 calls at a time',
      ).at(-1);
    expect(judge(900)).toBe('yes');
    expect(judge(870)).toBe('no');
    expect(judge(840)).toBe('no');
  });

  it('gives no verdict when a peer it needs did not run', () => {
    expect(verdict(resultsOf(ONE, { raw: [{ p50: 1 }], mesh: [{ p50: 1 }] }))).toBe('');
  });
});

function resultsOf(cell: Cell, rounds: Record<string, readonly Partial<Result>[]>): Results {
  const result = { calls: 1, callsPerSecond: 1, p50: 1, p99: 1, clientCpu: 7, serverCpu: 9 };
  const byPeer = Object.entries(rounds).map(
    ([name, parts]) => [peerOf(name), parts.map((part) => ({ ...result, ...part }))] as const,
  );
  return new Map([[cell, new Map(byPeer)]]);
}

function peerOf(name: string): Peer {
  return { name, about: '', library: '', load: () => Promise.reject(new Error('not to be run')) };
}

/** The cells of one line of the table whose title begins so. */
function rowOf(tables: string, title: string, first: string): string[] {
  const table = tables.split('### ').find((section) => section.startsWith(title)) ?? '';
  const line = table.split('\n').find((text) => text.startsWith(`| ${first}`)) ?? '';
  return line
    .split('|')
    .slice(1, -1)
    .map((text) => text.trim());
}
