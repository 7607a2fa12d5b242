import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { HOST } from '../peer.js';
import type { Served } from '../peer.js';
import { FrameGatherer, FrameReader, type OnFrame } from './frames.js';
import { NumberedCalls } from './numbered-calls.js';

/** What is smaller is put together and written at once, which takes less time than to write its parts. */
const MOST_JOINED = 64 * 1_024;

/** A client's end of a connection with frames. */
export interface FrameClient {
  readonly calls: NumberedCalls;
  readonly send: OnFrame;
  close(): Promise<void>;
}

/** Connects to a server of frames. */
export async function dialFrames(port: number): Promise<FrameClient> {
  const socket = connect(port, HOST).setNoDelay(true);
  await once(socket, 'connect');
  const calls = new NumberedCalls();
  const { add } = gathererOf(socket);
  socket.on('data', new FrameReader(calls.answer).read).on('error', () => undefined);
  return { calls, send: add, close: async () => void socket.destroy() };
}

/** Starts a server of frames. `answering` is told how to send an answer, and says what is done with a frame. */
export async function serveFrames(port: number, answering: (answer: OnFrame) => OnFrame): Promise<Served> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    socket.on('data', new FrameReader(answering(gathererOf(socket).add)).read);
  });
  server.listen(port, HOST, 4_096);
  await once(server, 'listening');
  return {
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Writes the frames of a tick together. */
function gathererOf(socket: Socket): FrameGatherer {
  return new FrameGatherer((parts, bytes) => {
    if (bytes <= MOST_JOINED) return void socket.write(Buffer.concat(parts, bytes));
    socket.cork();
    for (const part of parts) socket.write(part);
    socket.uncork();
  });
}
