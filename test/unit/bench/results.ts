import type { Cell } from '../../bench/cell.js';
import type { Result, Results } from '../../bench/contest.js';
import type { Peer } from '../../bench/peer.js';

/** A result of which only some matters. */
export function resultOf(some: Partial<Result>): Result {
  const rest = {
    calls: 1,
    callsPerSecond: 1,
    p50: 1,
    p90: 1,
    p99: 1,
    max: 1,
    clientCpu: 7,
    serverCpu: 9,
    relayCpu: 0,
  };
  return { ...rest, ...some };
}

/** Results of a cell: what some peers did in it round by round, as far as it matters. */
export function resultsOf(cell: Cell, rounds: Record<string, readonly Partial<Result>[]>): Results {
  const byPeer = Object.entries(rounds).map(([name, parts]) => [peerOf(name), parts.map(resultOf)] as const);
  return new Map([[cell, new Map(byPeer)]]);
}

function peerOf(name: string): Peer {
  const load = () => Promise.reject(new Error('not to be run'));
  return { name, about: '', library: '', ...(name === 'session' && { requests: 2 }), load };
}
