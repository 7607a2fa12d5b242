import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../bench/free-port.js';
import { requireBuild, root } from '../support/dist.js';

interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
  /** Whether a process that it has started is still there. */
  readonly left: 'some' | 'none';
}

/** Runs a script, in a group of processes of its own. */
async function node(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const options = { cwd: root, env: { ...process.env, ...env }, detached: true };
  const child = spawn(process.execPath, [join(root, file), ...args], options);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  child.stdin.end();
  const closed = once(child, 'close');
  await once(child, 'exit');
  const left = endGroup(child.pid ?? 0);
  await closed;
  return { exitCode: child.exitCode, output, left };
}

/** Ends what is left of a group. */
function endGroup(group: number): Ended['left'] {
  try {
    process.kill(-group, 'SIGKILL');
    return 'some';
  } catch {
    return 'none';
  }
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
    expect(output).toMatch(/^middleware +has counted \d \+ \d \+ \d calls$/m);
    expect(output).toContain('LX0000010000010 and LX0000010000020 are woven');
    expect(output).toMatch(/^bank +the score of alice .* 712$/m);
    expect(output).toMatch(/^bank +20 payments, pushed in a session .* "20 payments, 21000 in all"$/m);
    // With Python, or without it.
    expect(output).toMatch(/^bank +(?:7 of 7 steps(?=[^]*^teller )|5 of 5 steps)/m);
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

  it('leave no process behind when a step goes another way', async () => {
    // The bank looks for the bureau where nobody is.
    const env = { MESH_DIRECT: 'bureau=127.0.0.1:1', MESH_PYTHON: '/nonexistent' };
    const { exitCode, output, left } = await node('sample/03-node/dist/main.js', [], env);

    expect(output).toMatch(/the score of alice .* "E0000000619"\nbank +expected 712/);
    expect(exitCode).toBe(1);
    expect(left).toBe('none');
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
