import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BenchResult } from '../../bench/bench-result.js';
import { renewed } from '../../bench/bench-result.js';
import { readOptions, LONG_ROWS } from '../../bench/options.js';
import { pageWith } from '../../bench/page.js';

const PAGE = `# Performance

Before.

<!-- bench:rpc -->

old

<!-- /bench:rpc -->

Between.

<!-- bench:hops -->
<!-- /bench:hops -->
`;

function resultOf(name: string, markdown: string): BenchResult {
  const machine = {
    date: '2026-01-31',
    node: 'v20.0.0',
    system: 'Linux 6',
    cpu: 'CPU',
    cores: 2,
    memoryGib: 8,
    pinning: 'pinned',
    rounds: 5,
    seconds: 1,
    warmUpSeconds: 3,
  } as const;
  return { sections: [{ name, machine, markdown, judgements: [] }] };
}

describe('the page of the bench', () => {
  it('has a section replaced, and all else left as it is', () => {
    const page = pageWith(PAGE, resultOf('rpc', '### calls/s\n\nnew'));
    expect(page).not.toContain('old');
    expect(page).toContain('#### calls/s\n\nnew\n\n<!-- /bench:rpc -->\n\nBetween.');
    expect(page).toContain('2026-01-31, Node v20.0.0, Linux 6, CPU, 2 cores, 8 GiB');
    expect(page.startsWith('# Performance\n\nBefore.\n\n<!-- bench:rpc -->')).toBe(true);
    expect(page.endsWith('<!-- bench:hops -->\n<!-- /bench:hops -->\n')).toBe(true);
  });

  it('may have it replaced again', () => {
    const once = pageWith(PAGE, resultOf('hops', 'new'));
    expect(pageWith(once, resultOf('hops', 'new'))).toBe(once);
  });

  it('is refused when it has no room for a section', () => {
    expect(() => pageWith(PAGE, resultOf('store', 'new'))).toThrow('the page has no <!-- bench:store -->');
  });

  it('has room for everything that is measured, in this repository', () => {
    const page = readFileSync(new URL('../../../docs/performance.md', import.meta.url), 'utf8');
    for (const row of [...(readOptions(['--unpinned'])?.rows ?? []), ...LONG_ROWS]) {
      expect(() => pageWith(page, resultOf(row, 'new'))).not.toThrow();
    }
  });
});

describe('a result of the bench', () => {
  it('keeps the sections of earlier runs, but those that are measured anew', () => {
    const before = { sections: [...resultOf('rpc', 'old').sections, ...resultOf('hops', 'old').sections] };
    const { sections } = renewed(before, resultOf('rpc', 'new'));
    expect(sections.map(({ name, markdown }) => [name, markdown])).toEqual([
      ['hops', 'old'],
      ['rpc', 'new'],
    ]);
  });
});
