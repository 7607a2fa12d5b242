import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FrameType, MORE, PIECE_BYTES } from '../../../../lib/transport/link/wire.js';
import { eventually } from '../../../support/eventually.js';
import { callFrame, frame, greeting } from '../../../support/tcp-frames.js';
import { heardBy, serveLink } from '../../../support/tcp-links.js';

const SIZE = 8 * PIECE_BYTES;

describe('what a served connection reads', () => {
  it('is given back once the pieces in it were copied, and not while a call has a view of it', async () => {
    const bodies: Buffer[] = [];
    const { peer, socket } = await serveLink(() => async ({ body }) => {
      bodies.push(body as Buffer);
      return Buffer.of(1);
    });
    const chunks: Buffer[] = [];
    socket.prependListener('data', (chunk: Buffer) => chunks.push(chunk));
    peer.resume();
    peer.write(greeting());
    peer.write(callFrame(1, '/large', SIZE));
    for (let at = 0; at < SIZE; at += PIECE_BYTES) {
      const type = at + PIECE_BYTES < SIZE ? FrameType.DATA | MORE : FrameType.DATA;
      peer.write(frame(type, 1, Buffer.alloc(PIECE_BYTES, 1 + at / PIECE_BYTES)));
    }
    await eventually('the large call has come', () => bodies.length === 1);
    const pieces = [...chunks];
    peer.write(Buffer.concat([2, 3, 4].map((id) => callFrame(id, '/small', Buffer.alloc(12_000, id)))));
    await eventually('the small calls have come', () => bodies.length === 4);

    const [large, ...small] = bodies as [Buffer, ...Buffer[]];
    expect(large.length).toBe(SIZE);
    for (let i = 0; i < 8; i++) expect(large[i * PIECE_BYTES]).toBe(1 + i);
    expect(small).toEqual([2, 3, 4].map((id) => Buffer.alloc(12_000, id)));
    // The greeting, and what begins the call, come in little.
    const left = pieces.reduce((sum, { length }) => sum + length, 0);
    expect(left).toBeLessThan(SIZE / 8);
  });

  it('stays with all calls in it when one of them hands its memory on', async () => {
    const { port1, port2 } = new MessageChannel();
    onTestFinished(() => port1.close());
    const bodies: Buffer[] = [];
    const { peer } = await serveLink(() => async ({ body }) => {
      bodies.push(body as Buffer);
      port2.postMessage(undefined, [body.buffer as ArrayBuffer]);
      return body;
    });
    const heard = heardBy(peer);
    const calls = [1, 2, 3].map((id) => callFrame(id, '/small', Buffer.alloc(300, id)));
    peer.write(Buffer.concat([greeting(), ...calls]));
    const answers = () => heard().filter(({ type }) => type === FrameType.ANSWER);
    await eventually('all are answered', () => answers().length === 3);
    expect(answers().map(({ payload }) => payload)).toEqual([1, 2, 3].map((id) => Buffer.alloc(300, id)));
    expect(bodies.map(({ length }) => length)).toEqual([300, 300, 300]);
  });
});
