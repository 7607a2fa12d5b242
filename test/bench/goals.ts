import type { Results } from './contest.js';
import { markdown } from './markdown.js';
import { entryOf, pairedSpeed, rowName, rowsOf, type Row } from './rows.js';

/** What a peer is to reach: at least this share of the speed of another. */
export interface Goal {
  readonly peer: string;
  readonly against: string;
  /** 0.85 of the calls in a second, or 1 / 0.85 of the time of a call. */
  readonly share: number;
  /** The quantities that it holds for. */
  readonly units: readonly string[];
  /** The payload that it holds for. Default: all of the table. */
  readonly bytes?: number;
}

/** Whether something is as it is to be. */
export interface Judgement {
  /** What was measured: `calls/s: 128 bytes, 64 calls at a time`. */
  readonly row: string;
  readonly peer: string;
  /** In words: `at least 0.85 × raw`. */
  readonly goal: string;
  /** In the unit of the goal. */
  readonly is: number;
  readonly reached: boolean;
}

/** Which goals are reached, row by row; none for peers that did not run. */
export function judge(results: Results, goals: readonly Goal[]): readonly Judgement[] {
  return [...results.keys()]
    .flatMap(rowsOf)
    .flatMap((row) => goals.filter((goal) => concerns(goal, row)).flatMap((goal) => judged(results, row, goal)));
}

/** The judgements as a table; empty when there are none. */
export function verdict(judgements: readonly Judgement[]): string {
  if (judgements.length === 0) return '';
  const lines = judgements.map(({ row, peer, goal, is, reached }) => {
    return [row, peer, goal, is.toFixed(2), reached ? 'yes' : 'no'];
  });
  return `### What is to be reached\n\n${markdown([['row', 'peer', 'to reach', 'is', 'reached'], ...lines])}`;
}

function concerns({ units, bytes }: Goal, { unit, cell }: Row): boolean {
  return units.includes(unit) && (bytes === undefined || bytes === cell.bytes);
}

function judged(results: Results, row: Row, { peer, against, share }: Goal): readonly Judgement[] {
  const [own, reference] = [peer, against].map((name) => entryOf(results, row, name));
  if (!own || !reference) return [];
  const speed = pairedSpeed(row, own, reference);
  const reached = speed >= share;
  const about = { row: rowName(row), peer, reached };
  if (row.better === 'more') return [{ ...about, goal: `at least ${share.toFixed(2)} × ${against}`, is: speed }];
  return [{ ...about, goal: `at most ${(1 / share).toFixed(2)} × ${against}`, is: 1 / speed }];
}
