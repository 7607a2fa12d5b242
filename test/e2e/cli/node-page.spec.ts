import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireBuild, root } from '../../support/dist.js';
import { commandEnd, NodeCommand } from './node-command.js';

const run = promisify(execFile);
const page = readFileSync(join(root, 'docs/node.md'), 'utf8');
const shell = [...page.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = '']) => block.trim().split('\n'));
const commands = shell.filter((line) => line.includes('npx mesh-node'));
const curls = shell.flatMap((line, place) =>
  line.startsWith('curl ') ? [{ line, prints: shell[place + 1]?.replace('# prints: ', '') ?? '' }] : [],
);
const hasCurl = spawnSync('curl', ['--version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'mesh-node-page-'));

/** What the command is given by the shell. */
async function readByShell(command: string): Promise<{ args: string[]; env: NodeJS.ProcessEnv }> {
  const tell = `'${process.execPath}' -p 'JSON.stringify({ args: process.argv.slice(1), env: process.env })' --`;
  const { stdout } = await run('sh', ['-c', command.replace('npx mesh-node', tell)]);
  return JSON.parse(stdout) as { args: string[]; env: NodeJS.ProcessEnv };
}

const cwd = process.cwd();

beforeAll(() => {
  requireBuild();
  // The commands name files that are in the folder where they are given.
  process.chdir(folder);
  const [, yaml = ''] = /^```yaml\n(# node\.yaml\n.*?)^```/ms.exec(page) ?? [];
  writeFileSync(join(folder, 'node.yaml'), yaml);
  writeFileSync(join(folder, 'routes.yaml'), '- { nodeId: LX0000010000020, address: 10.0.0.7 }');
});
afterAll(() => {
  process.chdir(cwd);
  rmSync(folder, { recursive: true, force: true });
});

describe('docs/node.md', { timeout: 60_000 }, () => {
  it('has commands and calls', () => {
    expect(commands.length).toBeGreaterThan(5);
    expect(curls.length).toBe(2);
  });

  it.each(commands)('%s is right', async (command) => {
    const { args, env } = await readByShell(command);
    const { stdout, stderr } = await commandEnd([...args.filter((arg) => arg !== '--check'), '--check'], env);

    expect(stderr).toBe('');
    expect(stdout).toMatch(/^# The configuration is right\./);
  });

  it('calls a node as it does', async (test) => {
    if (!hasCurl) return test.skip('there is no curl here');
    const address = await new NodeCommand(['--host', '127.0.0.1', '--port', '0']).address();

    for (const { line, prints } of curls) {
      const { stdout } = await run('sh', ['-c', line.replace('localhost:7304', address)]);
      expect(stdout).toBe(prints);
    }
  });
});
