/**
 * What is found out in a cell: how long one call takes (`time`), how many are made in a second (`rate`), how many bytes of payload
 * arrive in a second (`volume`), or how long a message takes to a receiver who waits for it already (`waiting`).
 */
export type CellKind = 'time' | 'rate' | 'volume' | 'waiting';

/** One thing to measure: how many calls are under way at once, and how much each carries each way. */
export interface Cell {
  readonly kind: CellKind;
  readonly concurrency: number;
  readonly bytes: number;
  /** Connections that the calls are spread over; one, or what the peer comes with, when absent. */
  readonly connections?: number;
  /** What is on its way over the same connection all the while; nothing, when absent. */
  readonly beside?: LargeMessages;
}

/** Large messages, one after the other, to the server as arguments or to the caller as answers. */
export interface LargeMessages {
  readonly to: 'server' | 'caller';
  readonly bytes: number;
}

const KIB = 1_024;
const MIB = 1_024 * KIB;

/** What is measured of every peer that makes calls. */
export const RPC_CELLS: readonly Cell[] = [
  { kind: 'time', concurrency: 1, bytes: 128 },
  { kind: 'time', concurrency: 1, bytes: 64 * KIB },
  { kind: 'rate', concurrency: 64, bytes: 128 },
  { kind: 'rate', concurrency: 64, bytes: 64 * KIB },
];

/** What is measured of every peer that pushes and pops. */
export const SESSION_CELLS: readonly Cell[] = [
  { kind: 'waiting', concurrency: 1, bytes: 128 },
  { kind: 'rate', concurrency: 64, bytes: 128 },
  { kind: 'volume', concurrency: 4, bytes: MIB },
];

/** With how many calls under way the cost of a call is looked at, and on how many connections, each with ten of them. */
export const SCALE_CELLS: readonly Cell[] = [
  ...[64, 256, 1_000].map((concurrency) => ({ kind: 'rate' as const, concurrency, bytes: 128 })),
  ...[1, 10, 100, 1_000].map((connections) => {
    return { kind: 'rate' as const, concurrency: 10 * connections, bytes: 128, connections };
  }),
];

/** What is measured of every peer that makes calls by way of nodes. */
export const HOP_CELLS: readonly Cell[] = [
  { kind: 'time', concurrency: 1, bytes: 128 },
  { kind: 'time', concurrency: 1, bytes: 64 * KIB },
  { kind: 'rate', concurrency: 64, bytes: 128 },
];

/** Small calls by themselves, and beside large messages each way. */
export const BESIDE_CELLS: readonly Cell[] = [
  { kind: 'time', concurrency: 1, bytes: 128 },
  { kind: 'time', concurrency: 1, bytes: 128, beside: { to: 'server', bytes: 64 * MIB } },
  { kind: 'time', concurrency: 1, bytes: 128, beside: { to: 'caller', bytes: 64 * MIB } },
];

/** The same with large messages that pass in a moment, where it is to be shown only that they do. */
export function hurried(cell: Cell): Cell {
  return cell.beside ? { ...cell, beside: { ...cell.beside, bytes: MIB } } : cell;
}

/**
 * Names a cell in files: `c1-128B`, `c64-64KiB`, `session-waiting-c1-128B`, `hop-c1-128B`, `scale-c10-n1-128B`,
 * `beside-c1-128B-64MiB-to-server`.
 */
export function cellName(cell: Cell): string {
  const { kind, concurrency, bytes, connections, beside } = cell;
  const calls = connections === undefined ? `c${concurrency}` : `c${concurrency}-n${connections}`;
  const name = `${calls}-${shortSize(bytes)}`;
  if (beside) return `beside-${name}-${shortSize(beside.bytes)}-to-${beside.to}`;
  if (BESIDE_CELLS.includes(cell)) return `beside-${name}`;
  if (HOP_CELLS.includes(cell)) return `hop-${name}`;
  if (SCALE_CELLS.includes(cell)) return `scale-${name}`;
  return SESSION_CELLS.includes(cell) ? `session-${kind}-${name}` : name;
}

function shortSize(bytes: number): string {
  return sizeName(bytes).replace(' ', '').replace('bytes', 'B');
}

/** Names a size in words: `128 bytes`, `64 KiB`, `1 MiB`. */
export function sizeName(bytes: number): string {
  if (bytes < KIB) return `${bytes} bytes`;
  return bytes < MIB ? `${bytes / KIB} KiB` : `${bytes / MIB} MiB`;
}
