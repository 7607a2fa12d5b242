import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

/** Opens connections, says the same on each, and keeps them; tells how many are open and how many were closed. */
const SCRIPT = `
const { connect } = require('node:net');
const [port, count, greeting] = JSON.parse(process.argv[1]);
const state = { open: 0, closed: 0, answered: 0 };
let begun = 0;
const next = () => {
  if (begun++ >= count) return;
  const socket = connect({ host: '127.0.0.1', port }, () => {
    state.open++;
    if (greeting) socket.write(Buffer.from(greeting, 'base64'));
    next();
  });
  socket.once('data', () => state.answered++);
  socket.on('error', () => undefined).once('close', () => { state.closed++; if (socket.connecting) next(); });
};
for (let i = 0; i < 64; i++) next();
setInterval(() => process.send(state), 20);
process.on('disconnect', () => process.exit());
`;

/** How the connections of {@link IdleCallers} are. */
export interface IdleState {
  readonly open: number;
  readonly closed: number;
  /** Those that have heard something. */
  readonly answered: number;
}

/** Many connections from another process that say no more than a greeting. */
export class IdleCallers {
  state: IdleState = { open: 0, closed: 0, answered: 0 };
  private readonly child: ChildProcess;

  constructor(address: string, count: number, greeting: Uint8Array | string) {
    const port = Number(address.split(':')[1]);
    const told = JSON.stringify([port, count, Buffer.from(greeting).toString('base64')]);
    this.child = spawn(process.execPath, ['-e', SCRIPT, told], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.child.on('message', (state) => (this.state = state as IdleState));
    onTestFinished(() => this.leave());
  }

  /** Closes all of them. */
  async leave(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}
