import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireBuild, root } from '../../support/dist.js';
import { NodeCommand } from './node-command.js';

const run = promisify(execFile);
const hasCurl = spawnSync('curl', ['--version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'mesh-curl-pages-'));
const setUp = readFileSync(join(root, 'docs/two-institutions.md'), 'utf8');

/** A call of a page, and what is to be in its answer. */
interface Call {
  readonly line: string;
  readonly prints: string;
}

function linesOf(page: string): readonly string[] {
  return [...page.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = '']) => block.trim().split('\n'));
}

function callsOf(page: string): readonly Call[] {
  return linesOf(page).flatMap((line, place, lines) =>
    line.startsWith('curl ') ? [{ line, prints: lines[place + 1]?.replace('# prints: ', '') ?? '' }] : [],
  );
}

/** Starts a node as the page does, but at free ports; answers what the page calls its addresses, with what they are. */
async function startNode(command: string, host: string): Promise<readonly (readonly [string, string])[]> {
  const [, flags = ''] = command.split('npx mesh-node ');
  const args = flags.replace('node.yaml', join(folder, 'node.yaml')).split(' ');
  const node = new NodeCommand(args);
  await node.printed(/^ {2}ready .*\n/m);
  const outer = await node.printed(/^ {2}listens +at (\S+) \(outer/m);
  const inner = await node.printed(/^ {2}listens +at (\S+) \(inner/m);
  return [
    [`${host}:7304`, outer[1] ?? ''],
    [`${host}:570`, inner[1] ?? ''],
  ];
}

beforeAll(() => {
  requireBuild();
  const [, yaml = ''] = /^```yaml\n(# node\.yaml\n.*?)^```/ms.exec(setUp) ?? [];
  writeFileSync(join(folder, 'node.yaml'), yaml.replaceAll(/port: \d+/g, 'port: 0\n    host: 127.0.0.1'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('docs/two-institutions.md and docs/curl.md', () => {
  it('call two nodes as they do', { timeout: 60_000 }, async (test) => {
    if (!hasCurl) return test.skip('there is no curl here');
    const commands = linesOf(setUp).filter((line) => line.startsWith('npx mesh-node '));
    expect(commands).toHaveLength(2);
    const started = commands.map((command, place) => startNode(command, `10.${place + 1}.0.1`));
    const addresses = (await Promise.all(started)).flat();
    const calls = [setUp, readFileSync(join(root, 'docs/curl.md'), 'utf8')].flatMap(callsOf);
    expect(calls.length).toBeGreaterThan(15);

    for (const { line, prints } of calls) {
      const command = addresses.reduce((text, [said, real]) => text.replaceAll(said, real), line);
      const { stdout } = await run('sh', ['-c', command]);
      expect(`${line}\n${stdout}`).toContain(prints);
      // What has no code at all is no answer of the mesh.
      expect(prints).not.toBe('');
    }
  });
});
