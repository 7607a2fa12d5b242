/**
 * Every TypeScript block of README.md and docs/*.md is an example that compiles, and those that say so run.
 *
 * How to write one:
 *
 *     ```ts
 *     // example: consumer.ts
 *     // run
 *     import { Tokenizer } from './tokenizer.js';
 *     …
 *     console.log(await tokenizer.verify('forged')); // prints: false
 *     ```
 *
 * - The first line names the file. The examples of one page lie in one folder: they import each other as `./name.js`.
 *   They import the package as `nestjs-mesh`, `nestjs-mesh/spi` and `nestjs-mesh/testing`.
 * - All are checked with the strict settings of the repository, against lib/.
 * - `// run` as the second line: it is run as a process of its own, on the built package, and has to end by itself with
 *   exit code 0. Listen on port 0 and close what was opened.
 * - `// prints: text`, anywhere: that text has to be in the output. Several are expected in the order they stand in.
 * - What is not meant to compile is no ```ts block: call it ```text, or ```typescript for the colours.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { requireBuild, root } from '../support/dist.js';
import { blocksOf, Workshop, type Block, type Page, type Ran } from './examples.js';

/** They take a second; on a busy machine they take their time. */
const RUN_TIMEOUT_MS = 60_000;

const pages: readonly Page[] = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]
  .filter((path) => path.endsWith('.md') && existsSync(join(root, path)))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
const blocks = pages.flatMap(blocksOf);

/** What is wrong with a run, in the order in which one looks at it. */
function faults({ prints }: Block, { exitCode, stdout, stderr }: Ran): readonly string[] {
  if (exitCode !== 0) return [`it ended with exit code ${exitCode}: ${stderr || stdout}`];
  let from = 0;
  for (const text of prints) {
    const found = stdout.indexOf(text, from);
    if (found < 0) return [`it did not print '${text}' where expected, but: ${stdout}`];
    from = found + text.length;
  }
  return [];
}

describe('the examples of the documentation', () => {
  const workshop = new Workshop(join(root, 'test/docs/dist/pages'));
  let problems: readonly string[];

  beforeAll(() => {
    problems = workshop.compile(blocks);
  });

  it('exist', () => {
    expect(blocks.length).toBeGreaterThan(0);
  });

  it('have names, each its own within a page', () => {
    expect(blocks.filter(({ name }) => name === undefined).map(({ at }) => at)).toEqual([]);
    const files = blocks.map(({ page, name }) => `${page} ${name}`);
    expect(files.filter((file, index) => files.indexOf(file) !== index)).toEqual([]);
  });

  it('compile', () => {
    expect(problems).toEqual([]);
  });

  describe('run', () => {
    beforeAll(requireBuild);

    it.concurrent.each(blocks.filter(({ run }) => run))('$at $name', async (block) => {
      expect(faults(block, await workshop.run(block, RUN_TIMEOUT_MS))).toEqual([]);
    });
  });
});

describe('the check of examples', () => {
  const workshop = new Workshop(join(root, 'test/docs/dist/check'));
  const fence = '```';
  const [page, ...parts] = blocksOf({
    path: 'docs/page.md',
    text: `# Page

${fence}ts
// example: wrong.ts
export const port: number = 1;
export const name: number = 'trust';
${fence}

${fence}ts
// example: throws.ts
// run
import { name } from './wrong.js';
throw new Error(\`no \${name}\`);
${fence}

${fence}ts
// example: prints.ts
// run
console.log('first'); // prints: second
console.log('second'); // prints: first
${fence}

${fence}typescript
this is not checked
${fence}
`,
  });
  const [throws, prints] = parts;
  if (!page || !throws || !prints) throw new Error('the blocks of the page were not found');
  let problems: readonly string[];

  beforeAll(() => {
    problems = workshop.compile([page, throws, prints]);
  });

  it('finds an error of types, with the line of the page', () => {
    expect(problems).toEqual([`docs/page.md:6 Type 'string' is not assignable to type 'number'.`]);
  });

  it('finds an example that fails', async () => {
    const ran = await workshop.run(throws, RUN_TIMEOUT_MS);

    expect(faults(throws, ran)).toEqual([expect.stringContaining('Error: no trust')]);
  });

  it('finds an example that prints something else', async () => {
    const ran = await workshop.run(prints, RUN_TIMEOUT_MS);

    expect(faults(prints, ran)).toEqual([expect.stringContaining(`did not print 'first' where expected`)]);
    expect(faults({ ...prints, prints: ['first', 'second'] }, ran)).toEqual([]);
  });
});
