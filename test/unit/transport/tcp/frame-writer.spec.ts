import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { FrameWriter } from '../../../../lib/transport/tcp/frame-writer.js';
import { FrameType, HEADER_BYTES } from '../../../../lib/transport/tcp/wire.js';
import { socketPair } from '../../../support/tcp-links.js';

describe('a writer of frames', () => {
  let socket: Socket;
  let writer: FrameWriter;

  beforeEach(async () => {
    [socket] = await socketPair();
    if (socket.connecting) await once(socket, 'connect');
    writer = new FrameWriter(socket, () => undefined);
  });

  const frames = (count: number): void => {
    for (let i = 0; i < count; i++) writer.frame(FrameType.PING, 0);
  };
  const framesWritten = (): number => socket.bytesWritten / HEADER_BYTES;

  it('gathers the frames of a turn', async () => {
    frames(3);
    expect(framesWritten()).toBe(0);
    await turn();
    expect(framesWritten()).toBe(3);
  });

  it('does not keep the first of many waiting until all have been gathered', async () => {
    frames(5);
    expect(framesWritten()).toBe(4);
    frames(7);
    expect(framesWritten()).toBe(12);
    await turn();
    expect(framesWritten()).toBe(12);
  });

  it('tells that what was written early has gone out', async () => {
    frames(4);
    const outcome = new Promise((resolve) => writer.onFlushed(resolve));
    expect(await outcome).toBe('delivered');
  });
});
