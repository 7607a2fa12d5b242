import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Machine } from './machine.js';
import type { Section } from './section.js';

/** What a run has found out, as `--json` writes it and `--from` reads it. */
export interface BenchResult {
  readonly machine: Machine;
  readonly sections: readonly Section[];
}

/** Writes the result of a run. */
export function writeResult(file: string, result: BenchResult): void {
  writeFileSync(resolve(file), `${JSON.stringify(result, null, 2)}\n`);
}

/**
 * Reads what {@link writeResult} has written.
 *
 * @throws Error when it is something else
 */
export function readResult(file: string): BenchResult {
  const result = JSON.parse(readFileSync(resolve(file), 'utf8')) as Partial<BenchResult> | null;
  if (result?.machine && Array.isArray(result.sections)) return result as BenchResult;
  throw new Error(`${file} is no result of the bench, as --json writes it`);
}
