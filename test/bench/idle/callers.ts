/** A process that makes connections and keeps them. It is told which ones, makes them, says so, and closes them for the next. */
import { connect, type Socket } from 'node:net';
import { HOST } from '../peer.js';

/** Connections that {@link Callers} are to make. */
export interface Idle {
  readonly port: number;
  readonly count: number;
  /** What each says, in base64. */
  readonly greeting: string;
}

/** Connections that are being made at once: no more than a listener's queue takes. */
const AT_ONCE = 64;

const open: Socket[] = [];

/** Resolves once a connection is there and, where it greets, was answered. */
function call({ port, greeting }: Idle): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: HOST, port }).on('error', reject);
    socket.once('close', () => reject(new Error('a connection was closed')));
    open.push(socket);
    if (greeting === '') return socket.once('connect', resolve).resume();
    socket.write(greeting, 'base64');
    return socket.once('data', () => resolve());
  });
}

async function callAll(idle: Idle): Promise<void> {
  let begun = 0;
  const caller = async (): Promise<void> => {
    while (begun++ < idle.count) await call(idle);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
}

function leave(): void {
  for (const socket of open.splice(0)) socket.destroy();
}

process.on('message', async (idle: Idle) => {
  leave();
  await callAll(idle);
  // None was closed meanwhile.
  process.send?.(open.filter(({ closed }) => !closed).length);
});
process.on('disconnect', () => process.exit());
