import type { Dialled, Ends } from '../peer.js';
import { dialFrames, serveFrames } from './frame-socket.js';
import { inTurn } from './in-turn.js';

async function dialOne(port: number): Promise<Dialled> {
  const { calls, send, close } = await dialFrames(port);
  return { prepare: (payload) => calls.prepare(Buffer.from(payload), send), close };
}

/**
 * The least that a call can cost on Node: frames with a number each on `node:net`, those of one tick written together, and sent
 * back as they are. Nothing is encoded, nothing is called by a name.
 */
export const netFrames: Ends = {
  serve: (port) => serveFrames(port, (answer) => answer),
  dial: async (port, connections = 1) =>
    inTurn(await Promise.all(Array.from({ length: connections }, () => dialOne(port)))),
};
