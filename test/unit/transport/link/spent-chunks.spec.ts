import { describe, expect, it } from 'vitest';
import { FrameType, MORE, PIECE_BYTES } from '../../../../lib/transport/link/wire.js';
import { eventually } from '../../../support/eventually.js';
import { callFrame, frame, greeting } from '../../../support/tcp-frames.js';
import { serveLink } from '../../../support/tcp-links.js';

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
});
