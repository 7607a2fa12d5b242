import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { root } from '../../support/dist.js';
import { A, B } from '../../support/nodes.js';
import { OPEN_TO_NODES, startSides } from '../../support/operator.js';

const run = promisify(execFile);
const page = readFileSync(join(root, 'docs/weaving.md'), 'utf8');
const shell = [...page.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = '']) => block.trim().split('\n'));
const curls = shell.flatMap((line, place) =>
  line.startsWith('curl ') ? [{ line, prints: shell[place + 1]?.replace('# prints: ', '') ?? '' }] : [],
);
const hasCurl = spawnSync('curl', ['--version']).status === 0;

const PATHS = ['node/refresh', 'net/refresh', 'net/weave', 'net/ack', 'net/edges'];

it('docs/weaving.md calls every path', () => {
  expect(PATHS.filter((path) => !curls.some(({ line }) => line.includes(`/v1/interconn/${path}`)))).toEqual([]);
});

it('docs/weaving.md calls nodes as it does, in its order', async (test) => {
  if (!hasCurl) return test.skip('there is no curl here');
  const [a, b] = [await startSides(A, OPEN_TO_NODES), await startSides(B, OPEN_TO_NODES)];
  const places = { 'a.inner:570': a.inner, 'a.outer:7304': a.outer, 'b.inner:570': b.inner, 'b.outer:7304': b.outer };
  for (const { line, prints } of curls) {
    const command = Object.entries(places).reduce((text, [name, address]) => text.replaceAll(name, address), line);
    const { stdout } = await run('sh', ['-c', command]);
    expect(stdout, line).toContain(prints);
  }
});
