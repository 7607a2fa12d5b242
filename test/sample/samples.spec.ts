import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { requireBuild, root } from '../support/dist.js';

interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

async function node(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(process.execPath, [join(root, file), ...args], { cwd: root, env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  child.stdin.end();
  await once(child, 'close');
  return { exitCode: child.exitCode, output };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

describe('the samples', () => {
  beforeAll(requireBuild);

  // Compiles them all, which takes its time on a busy machine.
  it('run, and end as expected', { timeout: 240_000 }, async () => {
    const { exitCode, output } = await node('sample/run.mjs', []);

    expect(output).toContain('6 of 6 steps went as expected');
    expect(output).toMatch(/^trust {4}mesh\.trust\.verify .* ms {2}trace \w+ {2}true$/m);
    expect(output).toMatch(/^wallet {3}mesh\.trust\.exchange .* ms {2}trace \w+ {2}MeshError: only the holder/m);
    for (const number of [4, 5]) {
      const partner = 9 - number;
      expect(output).toContain(`node ${number}   300 of 300 messages came, each once and in order`);
      for (const how of ['push and pop', 'Observables ']) {
        expect(output).toContain(`node ${number}   ${how} 100 of 100   节点${partner}发送给节点${number}报文99`);
      }
    }
    expect(output).toContain('node 4   handlers     100 of 100   节点4发送给节点5报文99');
    expect(output).toContain('node 5   handlers     100 of 100   节点5发送给节点4报文99');
    expect(output).toContain('both institutions have every message');
    expect(output).toMatch(/^sticky +(\w+)( \1){5}$/m);
    expect(exitCode).toBe(0);
  });

  it('take a free port where 7304 is taken', async () => {
    const other = createServer().listen(7304, '127.0.0.1');
    // Where something else listens there already, that is as good.
    await once(other, 'listening').catch(() => undefined);

    const { exitCode, output } = await node('sample/01-tokenizer/dist/main.js', []);
    other.close();

    expect(output).toMatch(/listens at 127\.0\.0\.1:(?!7304)\d+/);
    expect(exitCode).toBe(0);
  });

  it('fail when a step goes another way', async () => {
    const { exitCode, output } = await node('sample/01-tokenizer/dist/consumer.js', [], {
      MESH_ADDRESS: '127.0.0.1:1',
    });

    expect(output).toContain('0 of 6 steps');
    expect(output).toContain('a fresh token is accepted: expected true, got E0000000619');
    expect(exitCode).toBe(1);
  });

  it('fail when messages do not arrive', async () => {
    const port = String(await freePort());
    // The way to node 5 leads back to node 4.
    const args = ['4', port, `127.0.0.1:${port}`];
    const { exitCode, output } = await node('sample/02-session-streams/dist/institution.js', args);

    expect(output).toContain('node 4   0 of 300 messages');
    expect(exitCode).toBe(1);
  });
});
