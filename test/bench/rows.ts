import { sizeName, type Cell } from './cell.js';
import type { Result, Results } from './contest.js';
import type { Peer } from './peer.js';
import { median } from './stats.js';

/** A quantity that peers are compared by. */
export interface Row {
  readonly cell: Cell;
  readonly unit: string;
  readonly value: (result: Result, peer: Peer) => number;
  /** By how many the CPU time of a peer's call is divided. */
  readonly share: (peer: Peer) => number;
  /** Whether a larger value is better, or a smaller one. */
  readonly better: 'more' | 'less';
}

/** What one peer did in a cell, round by round. */
export interface Entry {
  readonly peer: Peer;
  readonly rounds: readonly Result[];
}

const whole = (): number => 1;
/** A push and a pop are two calls, as a raw peer counts them. */
const requestsOf = ({ requests = 1 }: Peer): number => requests;

/** The quantities that a cell is about. */
export function rowsOf(cell: Cell): readonly Row[] {
  switch (cell.kind) {
    case 'time':
    case 'waiting':
      return [
        { cell, unit: 'p50 µs', value: ({ p50 }) => p50, share: whole, better: 'less' },
        { cell, unit: 'p99 µs', value: ({ p99 }) => p99, share: whole, better: 'less' },
      ];
    case 'rate': {
      const value = ({ callsPerSecond }: Result, peer: Peer): number => callsPerSecond * requestsOf(peer);
      return [{ cell, unit: 'calls/s', value, share: requestsOf, better: 'more' }];
    }
    case 'volume': {
      const value = ({ callsPerSecond }: Result): number => (callsPerSecond * cell.bytes) / 1e6;
      return [{ cell, unit: 'MB/s', value, share: whole, better: 'more' }];
    }
  }
}

/** Names a row: `calls/s: 128 bytes, 64 calls at a time`. */
export function rowName({ cell, unit }: Row): string {
  const calls = cell.concurrency === 1 ? 'one call at a time' : `${cell.concurrency} calls at a time`;
  const over = cell.connections === undefined ? '' : `, over ${cell.connections} connections`;
  const large = cell.beside ? `, ${besideName(cell)}` : '';
  return `${unit}: ${sizeName(cell.bytes)}, ${cell.kind === 'waiting' ? 'to a receiver who waits' : calls}${over}${large}`;
}

/** Names what is on its way beside the calls of a cell: `beside 64 MiB to the server`, or `alone`. */
export function besideName({ beside }: Cell): string {
  return beside ? `beside ${sizeName(beside.bytes)} to the ${beside.to}` : 'alone';
}

/** What the peers did in the cell of a row. */
export function entriesOf(results: Results, { cell }: Pick<Row, 'cell'>): readonly Entry[] {
  return [...(results.get(cell) ?? [])].map(([peer, rounds]) => ({ peer, rounds }));
}

/** What a peer of this name did in the cell of a row. */
export function entryOf(results: Results, row: Row, name: string): Entry | undefined {
  return entriesOf(results, row).find(({ peer }) => peer.name === name);
}

/** Median of the speeds found round by round: two peers of one round have met the same machine. */
export function pairedSpeed(row: Row, entry: Entry, reference: Entry): number {
  return median(
    entry.rounds.flatMap((result, round) => {
      const other = reference.rounds[round];
      return other ? [speedOf(row, row.value(result, entry.peer), row.value(other, reference.peer))] : [];
    }),
  );
}

/** How much faster a is than b: over 1 is better, whatever the unit. */
function speedOf({ better }: Row, a: number, b: number): number {
  return better === 'more' ? a / b : b / a;
}
