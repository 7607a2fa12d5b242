import { describe, expect, it } from 'vitest';
import { HOP_CELLS, type Cell } from '../../bench/cell.js';
import type { Result, Results } from '../../bench/contest.js';
import { hopReport } from '../../bench/hops.js';
import { HOP_PEERS } from '../../bench/peers.js';
import { HOP_TABLE } from '../../bench/tables.js';
import { resultOf } from './results.js';

const [TIME] = HOP_CELLS as [Cell];
const RATE = HOP_CELLS.find(({ kind }) => kind === 'rate') as Cell;

function resultsOf(cell: Cell, rounds: Record<string, readonly Partial<Result>[]>): Results {
  const peers = HOP_PEERS.filter(({ name }) => name in rounds);
  return new Map([[cell, new Map(peers.map((peer) => [peer, rounds[peer.name]!.map(resultOf)]))]]);
}

/** The cells of the lines about a peer, by the beginning of their names. */
function lineOf(results: Results, row: string, peer: string): readonly string[] {
  const cells = hopReport(results, HOP_TABLE.hops)
    .split('\n')
    .map((line) => line.split('|').map((text) => text.trim()));
  return cells.find(([, name = '', who]) => name.startsWith(row) && who === peer)?.slice(3, -1) ?? [];
}

describe('what a hop adds', () => {
  it('is the time beyond that of the direct call, beside a raw one', () => {
    const results = resultsOf(TIME, { raw: [{ p50: 200 }], mesh: [{ p50: 100 }], 'one-hop': [{ p50: 250 }] });
    expect(lineOf(results, 'p50', 'one-hop')).toEqual(['150', '0.75', '1.20 × raw', 'yes']);
  });

  it('is shared by the nodes on the way', () => {
    const results = resultsOf(TIME, { raw: [{ p50: 100 }], mesh: [{ p50: 100 }], 'two-hops': [{ p50: 400 }] });
    expect(lineOf(results, 'p50', 'two-hops')).toEqual(['150', '1.50', '1.20 × raw', 'no']);
  });

  it('is the CPU time of the node, beside what both ends of a raw call take', () => {
    const raw = [{ clientCpu: 200, serverCpu: 100 }];
    const results = resultsOf(RATE, { raw, mesh: [{}], 'one-hop': [{ relayCpu: 150 }] });
    expect(lineOf(results, 'CPU µs', 'one-hop')).toEqual(['150', '0.50', '1.20 × raw', 'yes']);
  });

  it('is found round by round', () => {
    const results = resultsOf(TIME, {
      raw: [{ p50: 100 }, { p50: 1_000 }, { p50: 100 }],
      mesh: [{ p50: 100 }, { p50: 1_000 }, { p50: 100 }],
      'one-hop': [{ p50: 150 }, { p50: 1_500 }, { p50: 150 }],
    });
    expect(lineOf(results, 'p50', 'one-hop').slice(0, 2)).toEqual(['50.0', '0.50']);
  });

  it('is said only where all that is compared did run', () => {
    expect(hopReport(resultsOf(TIME, { raw: [{}], 'one-hop': [{}] }), HOP_TABLE.hops)).toBe('');
  });

  it('is asked of peers that there are', () => {
    const names = HOP_PEERS.map(({ name }) => name);
    for (const { peer, direct } of HOP_TABLE.hops) expect(names).toEqual(expect.arrayContaining([peer, direct]));
  });
});
