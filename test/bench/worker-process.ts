import { fork, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, Order, Orders } from './worker-orders.js';

/** Longest that a worker may take for an order beyond the time that it is told to measure, in ms. */
const PATIENCE_MS = 30_000;

/** A worker as its parent process sees it. One order at a time. */
export class WorkerProcess {
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

  /** Gives an order and waits for its answer. */
  ask<K extends keyof Orders>(kind: K, order: Orders[K]['in']): Promise<Orders[K]['out']> {
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
      this.child.send({ kind, ...order } as Order);
    });
  }

  /** Ends the process, without waiting for anything. */
  kill(): void {
    this.child.kill('SIGKILL');
  }
}

/** Whether processes can be bound to CPU 0 and CPU 1, so that server and client never compete for one. */
export function canPin(): boolean {
  return ['0', '1'].every((cpu) => spawnSync('taskset', ['-c', cpu, process.execPath, '-v']).status === 0);
}
