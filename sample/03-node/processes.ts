import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';

/** How long a process may take to get ready, in ms. */
const START_MS = 20_000;

/** How long a process may take to end in good order, in ms. */
const STOP_MS = 5_000;

/** Tells a process to end in good order. */
export type Farewell = (child: ChildProcess) => unknown;

export const bySignal: Farewell = (child) => child.kill('SIGTERM');
export const byEndOfInput: Farewell = (child) => child.stdin?.end();
const byDisconnecting: Farewell = (child) => child.connected && child.disconnect();

/** The processes that this one has started. None of them outlives it. */
export class Processes {
  private readonly started: { readonly child: ChildProcess; readonly farewell: Farewell }[] = [];

  constructor() {
    process.once('exit', () => this.started.forEach(({ child }) => child.kill('SIGKILL')));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  }

  /** Starts a script of this sample. */
  fork(script: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
    return this.kept(fork(script, args, { env: { ...process.env, ...env } }), byDisconnecting);
  }

  /** Starts any program, whose output is read here. */
  spawn(command: string, args: readonly string[], farewell: Farewell, env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
    return this.kept(child, farewell);
  }

  /** Lets the processes end, the last one first, and ends those that do not. Returns the worst of their exit codes. */
  async stop(): Promise<number> {
    const codes: number[] = [];
    for (const { child, farewell } of this.started.toReversed()) {
      const overdue = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      farewell(child);
      codes.push(await exitCode(child));
      clearTimeout(overdue);
    }
    return Math.max(0, ...codes);
  }

  private kept(child: ChildProcess, farewell: Farewell): ChildProcess {
    this.started.push({ child, farewell });
    return child;
  }
}

/** Waits for the end of a process. */
export async function exitCode(child: ChildProcess): Promise<number> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? 1;
}

/** Waits until a process has printed this, and returns what it has printed until then. */
export function printed(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (why: string): void => reject(new Error(`${child.spawnargs.join(' ')} ${why}: ${text}`));
    const overdue = setTimeout(() => fail('does not get ready'), START_MS);
    child.once('exit', (code) => fail(`ended with exit code ${code}`)).once('error', reject);
    child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      if (!pattern.test(text)) return;
      clearTimeout(overdue);
      resolve(text);
    });
  });
}
