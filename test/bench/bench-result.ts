import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Section } from './section.js';

/** What was found out, as `--json` writes it and `--from` reads it. Sections of several runs may be together. */
export interface BenchResult {
  readonly sections: readonly Section[];
}

/** Writes a result. Sections of an earlier one in the same file stay, unless they were measured anew. */
export function writeResult(file: string, result: BenchResult): void {
  const whole = existsSync(resolve(file)) ? renewed(readResult(file), result) : result;
  writeFileSync(resolve(file), `${JSON.stringify(whole, null, 2)}\n`);
}

/**
 * Reads what {@link writeResult} has written.
 *
 * @throws Error when it is something else
 */
export function readResult(file: string): BenchResult {
  const result = JSON.parse(readFileSync(resolve(file), 'utf8')) as Partial<BenchResult> | null;
  if (Array.isArray(result?.sections)) return result as BenchResult;
  throw new Error(`${file} is no result of the bench, as --json writes it`);
}

/** A result with some sections in place of those that had their names. */
export function renewed(before: BenchResult, { sections }: BenchResult): BenchResult {
  const names = new Set(sections.map(({ name }) => name));
  return { sections: [...before.sections.filter(({ name }) => !names.has(name)), ...sections] };
}
