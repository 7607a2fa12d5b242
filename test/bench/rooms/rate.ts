import { median } from '../stats.js';

/** Whether only that it runs is to be seen. */
export const hurried = process.argv.includes('--hurry');

/** How long each round of a measurement takes, in ms. */
const ROUND_MS = hurried ? 5 : 300;
const ROUNDS = hurried ? 1 : 7;

/** Something to measure: does a number of operations. */
export type Work = (operations: number) => void | Promise<void>;

/**
 * Operations per second of several contestants: the median of rounds in which each has its turn, after a warm-up.
 *
 * @param batch operations between two looks at the clock
 */
export async function rates<Name extends string>(
  contestants: Readonly<Record<Name, Work>>,
  batch: number,
): Promise<ReadonlyMap<Name, number>> {
  const names = Object.keys(contestants) as Name[];
  const measured = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = -1; round < ROUNDS; round++) {
    for (const name of names) {
      const rate = await rateOf(contestants[name], batch);
      if (round >= 0) measured.get(name)?.push(rate);
    }
  }
  return new Map([...measured].map(([name, all]) => [name, median(all)]));
}

async function rateOf(work: Work, batch: number): Promise<number> {
  const begin = performance.now();
  let operations = 0;
  for (; performance.now() - begin < ROUND_MS; operations += batch) await work(batch);
  return (operations * 1_000) / (performance.now() - begin);
}

/** Bytes in use, in the heap and beside it, after a collection. */
export async function memoryInUse(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A table for the terminal: the first column to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return rows.map(line).join('\n');
}

/** A rate in words: 1 234 567. */
export function rounded(rate: number): string {
  return Math.round(rate)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, ' ');
}
