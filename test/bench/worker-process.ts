import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Pinning } from './pinning.js';
import type { Answer, Order, Orders } from './worker-orders.js';

/** Longest that a worker may take for an order beyond the time that it is told to measure, in ms: dozens of them start at once. */
const PATIENCE_MS = 120_000;

/** How long a process may take to end when it is told to, in ms. */
const MOMENT_MS = 1_000;

/** A worker as its parent process sees it. It is given one order after the other. */
export class WorkerProcess {
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
  ) {}

  /** Starts a process, bound to one CPU where that can be done. */
  static start(name: string, cpu: number | undefined): WorkerProcess {
    const script = fileURLToPath(new URL('worker.js', import.meta.url));
    const child =
      cpu === undefined
        ? fork(script)
        : fork(script, { execPath: 'taskset', execArgv: ['-c', String(cpu), process.execPath] });
    return new WorkerProcess(name, child);
  }

  /** Gives an order when those before are done, and waits for its answer. */
  ask<K extends keyof Orders>(kind: K, order: Orders[K]['in']): Promise<Orders[K]['out']> {
    const answer = this.last.then(() => this.give(kind, order));
    this.last = answer.catch(() => undefined);
    return answer;
  }

  /** Ends the process, without waiting for anything. It may still end what it has started itself, for a moment. */
  kill(): void {
    this.child.kill('SIGTERM');
    setTimeout(() => this.child.kill('SIGKILL'), MOMENT_MS).unref();
  }

  private give<K extends keyof Orders>(kind: K, order: Orders[K]['in']): Promise<Orders[K]['out']> {
    const limit = PATIENCE_MS + ('seconds' in order ? order.seconds * 1000 : 0);
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.child.off('message', onMessage).off('exit', onExit);
        act();
      };
      const fail = (why: string): void => settle(() => reject(new Error(`${this.name}, ${kind}: ${why}`)));
      const onExit = (code: number | null): void => fail(`the process ended with ${code}`);
      const onMessage = (answer: Answer): void => {
        if ('error' in answer) return fail(answer.error);
        settle(() => resolve(answer.value as Orders[K]['out']));
      };
      const timer = setTimeout(() => fail('no answer'), limit);
      this.child.on('message', onMessage).on('exit', onExit);
      if (!this.child.connected) return fail('the process has ended');
      this.child.send({ kind, ...order } as Order);
    });
  }
}

/** Where the ends of peers run. */
export interface Staff {
  /** A process for an end, bound to one CPU where that can be done. */
  worker(end: string, cpu: number): WorkerProcess;
}

/** A process for each end: what figures are measured with. */
export function processForEach(pinning: Pinning): Staff {
  return { worker: (end, cpu) => WorkerProcess.start(end, pinning === 'pinned' ? cpu : undefined) };
}

/** One process for all ends: it starts in a moment, and shows that they run. */
export function oneProcess(): Staff {
  const worker = WorkerProcess.start('the one process', undefined);
  return { worker: () => worker };
}
