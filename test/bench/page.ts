import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { BenchResult } from './bench-result.js';
import { describeMachine } from './machine.js';
import { textOf, type Section } from './section.js';

/** Puts the sections of a result into a page that has room for them, and leaves all else there as it is. */
export async function writePage(file: string, result: BenchResult): Promise<void> {
  const path = resolve(file);
  const page = pageWith(readFileSync(path, 'utf8'), result);
  writeFileSync(path, await format(page, { ...(await resolveConfig(path)), parser: 'markdown' }));
}

/**
 * The page with what is between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->` replaced by the section of that name.
 *
 * @throws Error when the page has no room for a section
 */
export function pageWith(page: string, { sections }: BenchResult): string {
  return sections.reduce(withSection, page);
}

/**
 * Finds out before anything is measured whether a page has room for these sections.
 *
 * @throws Error when it has not
 */
export function checkPage(file: string, names: readonly string[]): void {
  const page = readFileSync(resolve(file), 'utf8');
  for (const name of names) roomOf(page, name);
}

function withSection(page: string, section: Section): string {
  const [from, to] = roomOf(page, section.name);
  const about = `\`\`\`text\n${describeMachine(section.machine)}\n\`\`\``;
  const text = textOf(section).replaceAll(/^### /gm, '#### ');
  return `${page.slice(0, from)}\n\n${about}\n\n${text}\n\n${page.slice(to)}`;
}

/** Where the text between the marks of a section begins and ends. */
function roomOf(page: string, name: string): readonly [from: number, to: number] {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [at, to] = [page.indexOf(begin), page.indexOf(end)];
  if (at < 0 || to < at) throw new Error(`the page has no ${begin} … ${end}`);
  return [at + begin.length, to];
}
