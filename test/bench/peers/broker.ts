import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { HOST } from '../peer.js';
import type { Served } from '../peer.js';

/** How long a broker may take until it takes connections, in ms. */
const PATIENCE_MS = 60_000;

/** Starts a program that passes messages on, and waits until it takes connections. It is bound to the CPU of its parent. */
export async function startBroker(program: string, args: readonly string[], port: number): Promise<Served> {
  const child = spawn(program, args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  process.once('SIGTERM', exit);
  await listening(program, port, Date.now() + PATIENCE_MS);
  return {
    stop: async () => {
      process.off('exit', kill).off('SIGTERM', exit);
      child.kill();
      await ended;
    },
  };
}

/** Ends this process with what is to be done before. */
function exit(): void {
  process.exit(1);
}

async function listening(program: string, port: number, until: number): Promise<void> {
  while (!(await takesConnections(port))) {
    if (Date.now() > until) throw new Error(`${program} takes no connections at port ${port}`);
    await sleep(20);
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
