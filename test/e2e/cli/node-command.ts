import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runCommand } from '../../../lib/cli/command.js';
import { root } from '../../support/dist.js';

/** How a command has ended. */
export interface CommandEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command that ends by itself within this process, which takes a tenth of the time that a process of its own takes. */
export async function commandEnd(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CommandEnd> {
  const printed = { stdout: '', stderr: '' };
  const exitCode = await runCommand(args, env, {
    out: (text) => void (printed.stdout += `${text}\n`),
    err: (text) => void (printed.stderr += `${text}\n`),
  });
  return { exitCode, ...printed };
}

/** A process of `mesh-node`, as it is built. */
export class NodeCommand {
  private readonly child: ChildProcess;
  private stdout = '';
  private stderr = '';
  private readonly ended: Promise<number | null>;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MESH_')));
    const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { env: { ...inherited, ...env } });
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve) => child.once('close', (exitCode) => resolve(exitCode)));
    this.child = child;
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await this.ended;
    });
  }

  /** Waits until something matches in what was printed. @throws when the process ends without it */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stdout);
      if (found) return found;
      const more = new Promise<string>((resolve) => this.child.stdout?.once('data', () => resolve('more')));
      const next = await Promise.race([more, this.ended.then(() => 'ended')]);
      if (next === 'ended' && !pattern.test(this.stdout)) {
        throw new Error(`it ended without printing ${pattern}: ${this.stdout}${this.stderr}`);
      }
    }
  }

  /** The address of its first listener, once it is ready. */
  async address(): Promise<string> {
    await this.printed(/^ {2}ready .*\n/m);
    const [, address = ''] = await this.printed(/^ {2}listens +at (\S+)/m);
    return address;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Waits for its end. */
  async end(): Promise<CommandEnd> {
    const exitCode = await this.ended;
    return { exitCode, stdout: this.stdout, stderr: this.stderr };
  }
}
