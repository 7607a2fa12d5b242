import type { Call, Ends } from '../peer.js';
import { dialFrames, serveFrames, type FrameClient } from './frame-socket.js';
import type { OnFrame } from './frames.js';

/** A request begins with how many bytes it wants back. */
const WANTED_BYTES = 4;

function preparer({ calls, send }: FrameClient): (payload: Buffer, wanted: number) => Call {
  return (payload, wanted) => {
    const head = Buffer.alloc(WANTED_BYTES);
    head.writeUInt32BE(wanted);
    return calls.prepare(Buffer.concat([head, payload]), send);
  };
}

/** Sends back what came where it is as long as what is wanted, else so many bytes, which are made once. */
function answering(answer: OnFrame): OnFrame {
  let made = Buffer.alloc(0);
  return (id, body) => {
    const wanted = body.readUInt32BE(0);
    const payload = body.subarray(WANTED_BYTES);
    if (payload.length === wanted) return answer(id, payload);
    if (made.length !== wanted) made = Buffer.alloc(wanted, 7);
    answer(id, made);
  };
}

/** Frames on one connection of `node:net`, each written as a whole: a small one waits until a large one has passed. */
export const uncutFrames: Ends = {
  serve: (port) => serveFrames(port, answering),
  async dial(port) {
    const client = await dialFrames(port);
    const prepare = preparer(client);
    return {
      prepare: (payload) => prepare(Buffer.from(payload), payload.length),
      prepareUneven: (sent, received) => prepare(Buffer.alloc(sent, 7), received),
      close: client.close,
    };
  },
};
