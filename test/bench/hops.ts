import type { Result, Results } from './contest.js';
import { figure, markdown } from './markdown.js';
import { entryOf, rowName, rowsOf, type Entry, type Row } from './rows.js';
import { median } from './stats.js';

/** A peer that passes relays, and what it is compared with. */
export interface Hop {
  readonly peer: string;
  /** The same without the relays. */
  readonly direct: string;
}

/** One raw call is what a hop is measured by: it is received and sent once, as a relay receives and sends once. */
const RAW = 'raw';

/** Most that a hop may add, in raw calls. */
const MOST = 1.2;

/** What a relay adds to a call: its own time, and its CPU time, beside those of a raw call; empty where those did not run. */
export function hopReport(results: Results, hops: readonly Hop[]): string {
  const rows = [...results.keys()].flatMap(rowsOf).filter(({ unit }) => unit.endsWith('µs'));
  const lines = [
    ...rows.flatMap((row) => hops.flatMap((hop) => timeLine(results, row, hop))),
    ...[...results.keys()]
      .flatMap((cell) => rowsOf(cell).slice(0, 1))
      .flatMap((row) => hops.flatMap((hop) => cpuLine(results, row, hop))),
  ];
  if (lines.length === 0) return '';
  const head = ['row', 'peer', 'a hop adds', '× raw', 'to reach', 'reached'];
  return `### What a hop adds\n\n${markdown([head, ...lines])}`;
}

function timeLine(results: Results, row: Row, hop: Hop): readonly (readonly string[])[] {
  const entries = entriesFor(results, row, hop);
  if (!entries) return [];
  const { passing, direct, raw, relays } = entries;
  const value = (entry: Entry, result: Result): number => row.value(result, entry.peer);
  const added = passing.rounds.flatMap((result, round) => {
    const [without, base] = [direct.rounds[round], raw.rounds[round]];
    if (!without || !base) return [];
    return [{ cost: (value(passing, result) - value(direct, without)) / relays, raw: value(raw, base) }];
  });
  // The slowest of a hundred calls are what else the machine does.
  return [lineOf(rowName(row), hop, added, row.unit.startsWith('p50') ? MOST : undefined)];
}

function cpuLine(results: Results, row: Row, hop: Hop): readonly (readonly string[])[] {
  const entries = entriesFor(results, row, hop);
  if (!entries) return [];
  const { passing, raw } = entries;
  const added = passing.rounds.flatMap(({ relayCpu }, round) => {
    const base = raw.rounds[round];
    return base ? [{ cost: relayCpu, raw: base.clientCpu + base.serverCpu }] : [];
  });
  return [lineOf(rowName({ ...row, unit: 'CPU µs' }), hop, added, MOST)];
}

function lineOf(
  name: string,
  { peer }: Hop,
  rounds: readonly { readonly cost: number; readonly raw: number }[],
  most: number | undefined,
): readonly string[] {
  const share = median(rounds.map(({ cost, raw }) => cost / raw));
  const cost = figure(median(rounds.map((round) => round.cost)));
  if (most === undefined) return [name, peer, cost, share.toFixed(2), '', ''];
  return [name, peer, cost, share.toFixed(2), `${most.toFixed(2)} × raw`, share <= most ? 'yes' : 'no'];
}

function entriesFor(results: Results, row: Row, hop: Hop) {
  const [passing, direct, raw] = [hop.peer, hop.direct, RAW].map((name) => entryOf(results, row, name));
  return passing && direct && raw ? { passing, direct, raw, relays: passing.peer.relays ?? 1 } : undefined;
}
