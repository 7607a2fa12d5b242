import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** The room for connections that nobody has taken yet. Linux has room for one more. */
const BACKLOG = 1;

/** Listens, says where, and does nothing any more: not even take a connection. */
const DEAF = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = createServer();
  server.listen({ host: '127.0.0.1', port: 0, backlog: ${BACKLOG} }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

/** An address that drops every attempt to connect to it, without a word, as a firewall does. */
export interface BlackHole {
  readonly address: string;
  close(): Promise<void>;
}

/** Makes a black hole of a listener whose room for connections is full: Linux drops all further attempts to connect. */
export async function openBlackHole(): Promise<BlackHole> {
  const worker = new Worker(DEAF, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  const sockets: Socket[] = [];
  for (let place = 0; place <= BACKLOG; place++) {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket.on('error', () => undefined));
    await once(socket, 'connect');
  }
  return {
    address: `127.0.0.1:${port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await worker.terminate();
    },
  };
}
