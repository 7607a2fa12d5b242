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

function withSection(page: string, section: Section): string {
  const [begin, end] = [`<!-- bench:${section.name} -->`, `<!-- /bench:${section.name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has no ${begin} … ${end}`);
  const about = `\`\`\`text\n${describeMachine(section.machine)}\n\`\`\``;
  const text = textOf(section).replaceAll(/^### /gm, '#### ');
  return `${page.slice(0, from)}${begin}\n\n${about}\n\n${text}\n\n${page.slice(to)}`;
}
