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
  { kind: 'volume', concurrency: 8, bytes: MIB },
];

/** What is measured of every peer that makes calls by way of nodes. */
export const HOP_CELLS: readonly Cell[] = [
  { kind: 'time', concurrency: 1, bytes: 128 },
  { kind: 'time', concurrency: 1, bytes: 64 * KIB },
  { kind: 'rate', concurrency: 64, bytes: 128 },
];

/** Names a cell in files: `c1-128B`, `c64-64KiB`, `session-waiting-c1-128B`, `hop-c1-128B`. */
export function cellName(cell: Cell): string {
  const name = `c${cell.concurrency}-${sizeName(cell.bytes).replace(' ', '').replace('bytes', 'B')}`;
  if (HOP_CELLS.includes(cell)) return `hop-${name}`;
  return SESSION_CELLS.includes(cell) ? `session-${cell.kind}-${name}` : name;
}

/** Names a size in words: `128 bytes`, `64 KiB`, `1 MiB`. */
export function sizeName(bytes: number): string {
  if (bytes < KIB) return `${bytes} bytes`;
  return bytes < MIB ? `${bytes / KIB} KiB` : `${bytes / MIB} MiB`;
}
