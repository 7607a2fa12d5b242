import type { Cell } from '../../bench/cell.js';
import type { Result, Results } from '../../bench/contest.js';
import type { Peer } from '../../bench/peer.js';

/** Results of a cell: what some peers did in it round by round, as far as it matters. */
export function resultsOf(cell: Cell, rounds: Record<string, readonly Partial<Result>[]>): Results {
  const result = { calls: 1, callsPerSecond: 1, p50: 1, p99: 1, clientCpu: 7, serverCpu: 9, relayCpu: 0 };
  const byPeer = Object.entries(rounds).map(
    ([name, parts]) => [peerOf(name), parts.map((part) => ({ ...result, ...part }))] as const,
  );
  return new Map([[cell, new Map(byPeer)]]);
}

function peerOf(name: string): Peer {
  const load = () => Promise.reject(new Error('not to be run'));
  return { name, about: '', library: '', ...(name === 'session' && { requests: 2 }), load };
}
