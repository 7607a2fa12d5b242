import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireBuild, root } from '../../support/dist.js';
import { NodeCommand } from './node-command.js';

const run = promisify(execFile);
const page = readFileSync(join(root, 'docs/node.md'), 'utf8');
const shell = [...page.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = '']) => block.trim().split('\n'));
const commands = shell.filter((line) => line.includes('npx mesh-node'));
const curls = shell.flatMap((line, place) =>
  line.startsWith('curl ') ? [{ line, prints: shell[place + 1]?.replace('# prints: ', '') ?? '' }] : [],
);
const hasCurl = spawnSync('curl', ['--version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'mesh-node-page-'));

beforeAll(() => {
  requireBuild();
  const [, yaml = ''] = /^```yaml\n(# node\.yaml\n.*?)^```/ms.exec(page) ?? [];
  writeFileSync(join(folder, 'node.yaml'), yaml);
  writeFileSync(join(folder, 'routes.yaml'), '- { nodeId: LX0000010000020, address: 10.0.0.7 }');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('docs/node.md', { timeout: 60_000 }, () => {
  it('has commands and calls', () => {
    expect(commands.length).toBeGreaterThan(5);
    expect(curls.length).toBe(2);
  });

  it.each(commands)('%s is right', async (command) => {
    const built = `"${process.execPath}" "${join(root, 'dist/cli/main.js')}"`;
    const line = `${command.replace('npx mesh-node', built).replace(' --check', '')} --check`;
    const { stdout, stderr } = await run('sh', ['-c', line], { cwd: folder });

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
