import type { Cell } from './cell.js';
import type { Results } from './contest.js';
import type { Judgement } from './goals.js';
import { figure, markdown } from './markdown.js';
import { entriesOf, entryOf, rowsOf, type Entry } from './rows.js';
import { median } from './stats.js';

/** Most that a call may cost, in calls with the fewest others under way. */
const MOST = 1.5;

/** The peer that is held to it. */
const OWN = 'mesh-tcp';

/** What is raised from one cell to the next. */
interface Axis {
  readonly title: string;
  readonly cells: readonly Cell[];
  readonly step: (cell: Cell) => string;
}

/** CPU time of a call at both ends, with more calls under way, and with more connections. */
export function scaleReport(results: Results): string {
  return axesOf(results)
    .map(({ title, cells, step }) => {
      const head = ['peer', ...cells.map(step), 'last × first'];
      const names = peersOf(results, cells);
      const line = (name: string, values: readonly number[]): readonly string[] => {
        return [name, ...values.map((value) => figure(value)), timesFirst(values).toFixed(2)];
      };
      const costs = names.map((name) =>
        line(
          `${name}, CPU µs`,
          cells.map((cell) => costOf(results, cell, name)),
        ),
      );
      const rates = names.map((name) =>
        line(
          `${name}, calls/s`,
          cells.map((cell) => rateOf(results, cell, name)),
        ),
      );
      return `### CPU µs of both ends, and calls/s: ${title}\n\n${markdown([head, ...costs, ...rates])}`;
    })
    .join('\n\n');
}

/** Whether calls cost the same however many there are. */
export function flatness(results: Results): readonly Judgement[] {
  return axesOf(results).flatMap(({ title, cells, step }) => {
    const [first, ...others] = cells;
    if (!first) return [];
    return others.flatMap((cell) => {
      const is = costOf(results, cell, OWN) / costOf(results, first, OWN);
      if (Number.isNaN(is)) return [];
      const row = `CPU µs: ${title}, ${step(cell)}`;
      return [{ row, peer: OWN, goal: `at most ${MOST.toFixed(2)} × ${step(first)}`, is, reached: is <= MOST }];
    });
  });
}

function axesOf(results: Results): readonly Axis[] {
  const cells = [...results.keys()];
  const axes: readonly Axis[] = [
    {
      title: '128 bytes, calls at a time on one connection',
      cells: cells.filter(({ connections }) => connections === undefined),
      step: ({ concurrency }) => `${figure(concurrency, 0)} calls`,
    },
    {
      title: '128 bytes, connections, each with ten calls at a time',
      cells: cells.filter(({ connections }) => connections !== undefined),
      step: ({ connections = 1 }) => `${figure(connections, 0)} conn.`,
    },
  ];
  return axes.filter((axis) => axis.cells.length > 0);
}

function peersOf(results: Results, [cell]: readonly Cell[]): readonly string[] {
  return cell ? entriesOf(results, { cell }).map(({ peer }) => peer.name) : [];
}

function costOf(results: Results, cell: Cell, name: string): number {
  return middle(results, cell, name, ({ rounds }) => rounds.map((round) => round.clientCpu + round.serverCpu));
}

function rateOf(results: Results, cell: Cell, name: string): number {
  return middle(results, cell, name, ({ rounds }) => rounds.map(({ callsPerSecond }) => callsPerSecond));
}

function middle(results: Results, cell: Cell, name: string, values: (entry: Entry) => readonly number[]): number {
  const [row] = rowsOf(cell);
  const entry = row && entryOf(results, row, name);
  return entry ? median(values(entry)) : NaN;
}

function timesFirst(values: readonly number[]): number {
  return (values.at(-1) ?? NaN) / (values[0] ?? NaN);
}
