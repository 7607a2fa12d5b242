import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { HOST } from '../peer.js';
import type { Dialled, Ends } from '../peer.js';
import { FrameGatherer, FrameReader } from './frames.js';
import { inTurn } from './in-turn.js';
import { NumberedCalls } from './numbered-calls.js';

/** What is smaller is put together and written at once, which takes less time than to write its parts. */
const MOST_JOINED = 64 * 1_024;

/** Writes the frames of a tick together. */
function gathererOf(socket: Socket): FrameGatherer {
  return new FrameGatherer((parts, bytes) => {
    if (bytes <= MOST_JOINED) return void socket.write(Buffer.concat(parts, bytes));
    socket.cork();
    for (const part of parts) socket.write(part);
    socket.uncork();
  });
}

async function dialOne(port: number): Promise<Dialled> {
  const socket = connect(port, HOST).setNoDelay(true);
  await once(socket, 'connect');
  const calls = new NumberedCalls();
  const { add } = gathererOf(socket);
  socket.on('data', new FrameReader(calls.answer).read).on('error', () => undefined);
  return {
    prepare: (payload) => calls.prepare(Buffer.from(payload), add),
    close: async () => void socket.destroy(),
  };
}

/**
 * The least that a call can cost on Node: frames with a number each on `node:net`, those of one tick written together, and sent
 * back as they are. Nothing is encoded, nothing is called by a name.
 */
export const netFrames: Ends = {
  async serve(port) {
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
      socket.on('data', new FrameReader(gathererOf(socket).add).read);
    });
    server.listen(port, HOST, 4_096);
    await once(server, 'listening');
    return {
      stop: async () => {
        server.close();
        for (const socket of sockets) socket.destroy();
      },
    };
  },
  dial: async (port, connections = 1) =>
    inTurn(await Promise.all(Array.from({ length: connections }, () => dialOne(port)))),
};
