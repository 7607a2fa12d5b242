import type { Cell } from './cell.js';
import { sizeName } from './cell.js';
import type { Result, Results } from './contest.js';
import type { Judgement } from './goals.js';
import { figure, markdown } from './markdown.js';
import { besideName, entriesOf, type Entry } from './rows.js';
import { median } from './stats.js';

/** Most that large messages may add to the time of a small call, in ms. */
const MOST_MS = 5;

/** The peer that is held to it. */
const OWN = 'mesh-tcp';

/** Which part of the calls is not slower than the time that is shown. */
const PARTS = ['p50', 'p90', 'p99', 'max'] as const;

/** Those of which it is judged: the slowest of a hundred calls are what else the machine does, too. */
const JUDGED = ['p50', 'p90'] as const;

type Part = (typeof PARTS)[number];

/** How long calls take by themselves and beside large messages, and how fast those pass. */
export function besideReport(results: Results): string {
  const cells = [...results.keys()];
  const [first] = cells;
  if (!first) return '';
  const head = ['peer', 'calls', ...PARTS.map((part) => `${part} ms`), 'large messages', 'MB/s'];
  const names = entriesOf(results, { cell: first }).map(({ peer }) => peer.name);
  const lines = names.flatMap((name) =>
    cells.flatMap((cell) => {
      const entry = entryIn(results, cell, name);
      return entry ? [[name, besideName(cell), ...figuresOf(entry)]] : [];
    }),
  );
  return `### ms of a call: ${sizeName(first.bytes)}, one call at a time\n\n${markdown([head, ...lines])}`;
}

/** Whether most calls take hardly longer beside large messages than by themselves. */
export function undelayed(results: Results): readonly Judgement[] {
  const cells = [...results.keys()];
  const alone = cells.find(({ beside }) => beside === undefined);
  const base = alone && entryIn(results, alone, OWN);
  if (!base) return [];
  return cells
    .filter(({ beside }) => beside !== undefined)
    .flatMap((cell) => {
      const entry = entryIn(results, cell, OWN);
      return entry ? JUDGED.map((part) => judged(cell, entry, base, part)) : [];
    });
}

function judged(cell: Cell, entry: Entry, base: Entry, part: Part): Judgement {
  const added = entry.rounds.flatMap((result, round) => {
    const without = base.rounds[round];
    return without ? [milliseconds(result, part) - milliseconds(without, part)] : [];
  });
  const is = median(added);
  const row = `${part} ms: ${sizeName(cell.bytes)}, ${besideName(cell)}`;
  return { row, peer: OWN, goal: `at most ${MOST_MS.toFixed(2)} ms more than alone`, is, reached: is <= MOST_MS };
}

function figuresOf({ rounds }: Entry): readonly string[] {
  const times = PARTS.map((part) => figure(median(rounds.map((round) => milliseconds(round, part))), 2));
  const large = rounds.flatMap((round) => round.large ?? []);
  if (large.length === 0) return [...times, '', ''];
  const messages = large.reduce((sum, passed) => sum + passed.messages, 0);
  return [...times, figure(messages, 0), figure(median(large.map((passed) => passed.bytesPerSecond / 1e6)))];
}

function milliseconds(result: Result, part: Part): number {
  return result[part] / 1_000;
}

function entryIn(results: Results, cell: Cell, name: string): Entry | undefined {
  return entriesOf(results, { cell }).find(({ peer }) => peer.name === name);
}
