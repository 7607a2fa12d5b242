import * as fc from 'fast-check';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FrameWriter } from '../../../../lib/transport/link/frame-writer.js';
import { FrameType, HEADER_BYTES } from '../../../../lib/transport/link/wire.js';
import { eventually } from '../../../support/eventually.js';
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

  it('gathers for a tick, or for the turn where it may', async () => {
    const patient = new FrameWriter(
      socket,
      () => undefined,
      () => 'turn',
    );
    frames(1);
    patient.frame(FrameType.PING, 0);
    await new Promise((resolve) => process.nextTick(resolve));
    expect(framesWritten()).toBe(1);
    await turn();
    expect(framesWritten()).toBe(2);
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

  it('hands the bytes of a large message over as they are: copied are small frames only', async () => {
    const [body, tail] = [Buffer.alloc(300_000), Buffer.alloc(70_000)];
    const held: Uint8Array[] = [];
    const write = socket.write.bind(socket);
    vi.spyOn(socket, 'write').mockImplementation((bytes) => (held.push(bytes as Uint8Array), write(bytes)));
    const small = Buffer.alloc(5_000);
    writer.frame(FrameType.ANSWER, 1, small);
    writer.pieces(2, { body, tail }, () => undefined);
    await eventually('all has been handed over', () => held.reduce((sum, { length }) => sum + length, 0) > 375_000);
    const bytesIn = ({ buffer }: Uint8Array): number =>
      held.filter((bytes) => bytes.buffer === buffer).reduce((sum, { length }) => sum + length, 0);
    expect([body, tail, small].map(bytesIn)).toEqual([300_000, 70_000, 0]);
  });

  it('writes what it was given, whatever others write in the same turn', async () => {
    const pairs = await Promise.all([1, 2, 3].map(() => socketPair()));
    const ends = pairs.map(([own, peer]) => ({ writer: new FrameWriter(own, () => undefined), own, peer }));
    const came = ends.map(() => [] as Buffer[]);
    ends.forEach(({ peer }, at) => peer.on('data', (chunk: Buffer) => came[at]?.push(chunk)));
    const step = fc.record({ at: fc.nat(2), bytes: fc.oneof(fc.nat(200), fc.nat(16_000)), ends: fc.nat(9) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        const expected = ends.map(() => [] as Buffer[]);
        for (const [index, { at, bytes, ends: end }] of steps.entries()) {
          const payload = Buffer.alloc(bytes, index + 1);
          ends[at]?.writer.frame(FrameType.PING, index, payload);
          expected[at]?.push(Buffer.of(0, bytes >> 8, bytes, FrameType.PING, 0, 0, 0, index), payload);
          if (end === 0) await turn();
        }
        const wanted = expected.map((parts) => Buffer.concat(parts));
        const arrived = (): readonly number[] => came.map((parts) => parts.reduce((sum, part) => sum + part.length, 0));
        await eventually('all has come', () => arrived().every((length, at) => length >= (wanted[at]?.length ?? 0)));
        for (const [at, parts] of came.entries()) expect(Buffer.concat(parts.splice(0))).toEqual(wanted[at]);
      }),
      { numRuns: 15 },
    );
    for (const { own } of ends) own.destroy();
  });
});
