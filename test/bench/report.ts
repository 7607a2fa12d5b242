import type { Cell } from './cell.js';
import type { Result, Results } from './contest.js';
import type { Peer } from './peer.js';
import { median, summarise } from './stats.js';

/** A quantity that peers are compared by. */
interface Row {
  readonly cell: Cell;
  readonly unit: string;
  readonly value: (result: Result) => number;
  /** How much faster a is than b: over 1 is better, whatever the unit. */
  readonly speed: (a: number, b: number) => number;
}

/** Peers that the others are compared with. */
const REFERENCES = ['raw', 'nest-grpc'];

/** What the mesh is to reach on every row: this share of the speed of `raw`, and more than the speed of `nest-grpc`. */
const SHARE_OF_RAW = 0.85;

/** The tables, in Markdown: one for each quantity of each cell. */
export function report(results: Results): string {
  return [...results.keys()]
    .flatMap(rowsOf)
    .map((row) => `### ${nameOf(row)}\n\n${tableOf(row, results.get(row.cell) ?? new Map())}`)
    .join('\n\n');
}

/** Whether the mesh, by default settings, reaches on each row what it is to reach; empty when one of the three did not run. */
export function verdict(results: Results): string {
  const rows = [...results.keys()].flatMap(rowsOf).flatMap((row) => {
    const [mesh, raw, nest] = ['mesh', ...REFERENCES].map((name) => roundsOf(results, row, name));
    if (!mesh || !raw || !nest) return [];
    const ofRaw = pairedSpeed(row, mesh, raw);
    const ofNest = pairedSpeed(row, mesh, nest);
    const reached = ofRaw >= SHARE_OF_RAW && ofNest > 1;
    return [[nameOf(row), ofRaw.toFixed(2), ofNest.toFixed(2), reached ? 'yes' : 'no']];
  });
  if (rows.length === 0) return '';
  const head = ['row', '× raw', '× nest-grpc', 'reached'];
  return `### mesh: to reach ${SHARE_OF_RAW} × raw, and ahead of nest-grpc\n\n${markdown([head, ...rows])}`;
}

function roundsOf(results: Results, row: Row, name: string): readonly Result[] | undefined {
  return [...(results.get(row.cell) ?? [])].find(([peer]) => peer.name === name)?.[1];
}

function rowsOf(cell: Cell): Row[] {
  if (cell.concurrency > 1) {
    return [{ cell, unit: 'calls/s', value: (result) => result.callsPerSecond, speed: (a, b) => a / b }];
  }
  const speed = (a: number, b: number): number => b / a;
  return [
    { cell, unit: 'p50 µs', value: (result) => result.p50, speed },
    { cell, unit: 'p99 µs', value: (result) => result.p99, speed },
  ];
}

function nameOf({ cell, unit }: Row): string {
  const size = cell.bytes < 1024 ? `${cell.bytes} bytes` : `${cell.bytes / 1024} KiB`;
  const calls = cell.concurrency === 1 ? 'one call at a time' : `${cell.concurrency} calls at a time`;
  return `${unit}: ${size}, ${calls}`;
}

function tableOf(row: Row, peers: ReadonlyMap<Peer, readonly Result[]>): string {
  const references = REFERENCES.flatMap((name) => [...peers].filter(([peer]) => peer.name === name));
  const head = [
    'peer',
    row.unit,
    'min–max',
    ...references.map(([peer]) => `× ${peer.name}`),
    'CPU µs client',
    'server',
  ];
  const body = [...peers].map(([peer, rounds]) => {
    const { median: middle, min, max } = summarise(rounds.map(row.value));
    return [
      peer.name,
      figure(middle),
      `${figure(min)}–${figure(max)}`,
      ...references.map(([, reference]) => pairedSpeed(row, rounds, reference).toFixed(2)),
      figure(median(rounds.map((result) => result.clientCpu))),
      figure(median(rounds.map((result) => result.serverCpu))),
    ];
  });
  return markdown([head, ...body]);
}

/** Median of the speeds found round by round: two peers of one round have met the same machine. */
function pairedSpeed(row: Row, rounds: readonly Result[], reference: readonly Result[]): number {
  return median(
    rounds.flatMap((result, round) => {
      const other = reference[round];
      return other ? [row.speed(row.value(result), row.value(other))] : [];
    }),
  );
}

function figure(value: number): string {
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en').replaceAll(',', ' ');
}

function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0), 4));
  const line = (row: readonly string[]): string =>
    `| ${row.map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), rule, ...body.map(line)].join('\n');
}
