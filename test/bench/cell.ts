/** One thing to measure: how many calls are under way at once, and how much each carries each way. */
export interface Cell {
  readonly concurrency: number;
  readonly bytes: number;
}

/** What is measured of every peer. */
export const CELLS: readonly Cell[] = [
  { concurrency: 1, bytes: 128 },
  { concurrency: 1, bytes: 65_536 },
  { concurrency: 64, bytes: 128 },
  { concurrency: 64, bytes: 65_536 },
];

/** Names a cell in tables and files: `c1-128B`, `c64-64KiB`. */
export function cellName({ concurrency, bytes }: Cell): string {
  return `c${concurrency}-${bytes < 1024 ? `${bytes}B` : `${bytes / 1024}KiB`}`;
}
