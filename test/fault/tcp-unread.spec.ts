import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { PayloadReader, PayloadWriter } from '../../lib/protocol/payload.js';
import { UNSENT_BYTES } from '../../lib/transport/link/frame-writer.js';
import { LinkCall } from '../../lib/transport/link/outbound-link.js';
import { OutboundStream } from '../../lib/transport/link/outbound-stream.js';
import { FrameType, MAGIC } from '../../lib/transport/link/wire.js';
import type { Acceptor } from '../../lib/transport/transport.js';
import { eventually, settled } from '../support/eventually.js';
import { LinkReader } from '../support/link-reader.js';
import { callFrame, frame, framesOf, greeting, openFrame, type SeenFrame } from '../support/tcp-frames.js';
import { type Dialled, dialLink, serveLink } from '../support/tcp-links.js';
import { outbound } from '../support/transport-fixtures.js';

const ALL = 0xffff_ffff;

/** A message that stands in its frame. */
const SMALL = Buffer.alloc(16_000);

/** What may be held beside what waits for the network: that of one turn of the event loop. */
const SLACK = 8 * 1024 * 1024;

const seenBy = (peer: Socket): (() => SeenFrame[]) => {
  const seen: Buffer[] = [];
  peer.on('data', (chunk: Buffer) => seen.push(chunk));
  return () => framesOf(Buffer.concat(seen));
};

describe('a TCP connection to a caller who reads nothing', () => {
  it('is read no further while too many answers wait for it, and goes on when they are read', async () => {
    let served = 0;
    const acceptor: Acceptor = () => async (call) => {
      served++;
      return call.body;
    };
    const { socket, peer } = await serveLink(acceptor);
    peer.pause();
    const calls = 2_500;
    peer.write(greeting());
    for (let id = 1; id <= calls; id++) peer.write(callFrame(id, '/echo', SMALL));
    await eventually('no more is read', () => socket.isPaused());
    expect(await settled(() => served)).toBeLessThan(calls);
    expect(socket.writableLength).toBeGreaterThan(UNSENT_BYTES);
    expect(socket.writableLength).toBeLessThan(UNSENT_BYTES + SLACK);
    const frames = seenBy(peer);
    peer.resume();
    await eventually('all are answered', () => served === calls);
    await eventually('all answers have come', () => frames().length === calls + 1);
  });

  it('is given up when it is not read for long', async () => {
    const { socket, peer } = await serveLink(() => async (call) => call.body);
    peer.pause();
    peer.write(greeting());
    for (let id = 1; id <= 2_500; id++) peer.write(callFrame(id, '/echo', SMALL));
    await eventually('no more is read', () => socket.isPaused());
    expect(socket.timeout).toBe(30_000);
    socket.setTimeout(20);
    await eventually('it is given up', () => socket.destroyed);
  });

  it('is given up when it does not read what is left at the end', async () => {
    let served = 0;
    const { link, socket, peer } = await serveLink(() => async (call) => {
      served++;
      return call.body;
    });
    peer.pause();
    peer.write(greeting());
    const calls = 800;
    for (let id = 1; id <= calls; id++) peer.write(callFrame(id, '/echo', SMALL));
    await eventually('all are answered', () => served === calls);
    await settled(() => socket.writableLength);
    expect(socket.isPaused()).toBe(false);
    link.drain();
    expect(socket.writableEnded).toBe(true);
    expect(socket.timeout).toBe(30_000);
    socket.setTimeout(20);
    await eventually('it is given up', () => socket.destroyed);
  });

  it('has no more written on its streams than it reads, however much it grants', async () => {
    let sent = 0;
    const { socket, peer } = await serveLink(() => ({
      stream: async (stream) => {
        for (;;) {
          await stream.send(SMALL);
          sent += SMALL.length;
        }
      },
    }));
    peer.pause();
    peer.write(Buffer.concat([greeting({ windowBytes: ALL }), openFrame(1, '/pour')]));
    await eventually('it has begun', () => sent > 0);
    await settled(() => sent);
    expect(socket.writableLength).toBeLessThan(UNSENT_BYTES + SLACK);
    const before = sent;
    peer.resume();
    await eventually('it goes on', () => sent > 2 * before);
    peer.destroy();
  });

  it('has its calls refused, unseen, while large answers wait for its credit; and those answered beyond a bound fail', async () => {
    const bulkBytes = 64 * 1024;
    const size = 60_000;
    let answered = 0;
    const finish: (() => void)[] = [];
    const acceptor: Acceptor = (path) => async () => {
      if (path === '/later') await new Promise<void>((resolve) => finish.push(resolve));
      answered++;
      return Buffer.alloc(size);
    };
    const { peer } = await serveLink(acceptor, { bulkBytes });
    const frames = seenBy(peer);
    const failures = (): { flags: number; code: string }[] =>
      frames()
        .filter(({ type }) => type === FrameType.ERROR)
        .map(({ payload }) => new PayloadReader(payload))
        .map((input) => ({ flags: input.number(), code: input.text() }));
    peer.write(greeting({ bulkBytes: 1_024 }));
    const late = 50;
    for (let id = 1; id <= late; id++) peer.write(callFrame(id, '/later', Buffer.alloc(0)));
    await eventually('they are under way', () => finish.length === late);
    // One is under way.
    const busyAt = Math.ceil((8 * bulkBytes) / size) + 1;
    const ask = (id: number): void => void peer.write(callFrame(id, '/now', Buffer.alloc(0)));
    for (let id = late + 1; id <= late + busyAt; id++) ask(id);
    await eventually('their answers wait', () => answered === busyAt);
    for (let id = late + busyAt + 1; id <= late + busyAt + 5; id++) ask(id);
    await eventually('some were refused', () => failures().length === 5);
    expect(failures().every(({ flags, code }) => flags === 1 && code === MeshCode.BUFFER_FULL)).toBe(true);
    for (const go of finish) go();
    const kept = Math.floor((32 * bulkBytes) / size) - (busyAt - 1);
    await eventually('others have failed', () => failures().length === 5 + late - kept);
    expect(failures().at(-1)).toEqual({ flags: 0, code: MeshCode.BUFFER_FULL });
    // What is granted lets the rest through, and new calls, too.
    for (let i = 0; i < busyAt + kept; i++) {
      await eventually('an answer has begun', () => frames().filter(({ type }) => type === 0x82).length > i);
      peer.write(frame(FrameType.CREDIT, 0, Buffer.from(new PayloadWriter().number(size).written)));
    }
    ask(1_000);
    await eventually('the new one is answered', () => frames().some(({ id, type }) => id === 1_000 && type === 0x82));
  });
});

describe('a TCP connection to a server that reads nothing', () => {
  const call = ({ link }: Dialled): Promise<Uint8Array> =>
    new Promise((answered, failed) =>
      link.send(new LinkCall(outbound({ body: SMALL }), { answered, failed }, () => undefined)),
    );

  it('holds its calls back, and fails each of them when it is over', async () => {
    const dialled = await dialLink({ maxCalls: ALL });
    const { socket, peer } = dialled;
    peer.pause();
    const outcomes = Promise.allSettled(Array.from({ length: 4_000 }, () => call(dialled)));
    await settled(() => socket.writableLength);
    expect(socket.writableLength).toBeLessThan(UNSENT_BYTES + SLACK);
    expect(dialled.link.pending).toBe(4_000);
    socket.destroy();
    const failures = (await outcomes).map(
      (outcome) => outcome.status === 'rejected' && (outcome.reason as { neverSent: boolean }),
    );
    expect(failures.every((failure) => failure)).toBe(true);
    expect(failures.some((failure) => failure && failure.neverSent)).toBe(true);
    expect(failures.some((failure) => failure && !failure.neverSent)).toBe(true);
  });

  it('sends them when it reads on', async () => {
    const dialled = await dialLink({ maxCalls: ALL });
    dialled.peer.pause();
    for (let i = 0; i < 3_000; i++) call(dialled).catch(() => undefined);
    await settled(() => dialled.socket.writableLength);
    expect(dialled.peer.bytesRead).toBeLessThan(3_000 * SMALL.length);
    dialled.peer.resume();
    await eventually('everything has come', () => dialled.peer.bytesRead > 3_000 * SMALL.length);
  });

  it('has no more written on its streams than it reads, however much it grants', async () => {
    const { link, socket, peer } = await dialLink({ windowBytes: ALL });
    peer.pause();
    const stream = new OutboundStream(outbound(), 2 * 1024 * 1024, () => undefined);
    link.open(stream);
    let sent = 0;
    const pour = async (): Promise<void> => {
      for (;;) {
        await stream.send(SMALL);
        sent += SMALL.length;
      }
    };
    const poured = pour().catch((error: unknown) => error);
    await eventually('it has begun', () => sent > 0);
    await settled(() => sent);
    expect(socket.writableLength).toBeLessThan(UNSENT_BYTES + SLACK);
    socket.destroy();
    expect(await poured).toMatchObject({ code: MeshCode.UNREACHABLE });
  });

  it('has its pings answered only while it reads', async () => {
    const dialled = await dialLink({ maxCalls: ALL });
    const { socket, peer } = dialled;
    peer.pause();
    for (let i = 0; i < 3_000; i++) call(dialled).catch(() => undefined);
    await settled(() => socket.writableLength);
    const before = { sent: socket.writableLength, received: socket.bytesRead };
    const pings = Buffer.concat(Array.from({ length: 50 }, () => frame(FrameType.PING)));
    peer.write(pings);
    await eventually('they have come', () => socket.bytesRead === before.received + pings.length);
    expect(await settled(() => socket.writableLength)).toBe(before.sent);
  });

  it('answers the last of its pings when it reads again', async () => {
    const dialled = await dialLink({ maxCalls: ALL });
    const { socket, peer } = dialled;
    peer.pause();
    for (let i = 0; i < 3_000; i++) call(dialled).catch(() => undefined);
    await settled(() => socket.writableLength);
    const before = socket.bytesRead;
    const pings = [1, 2, 3].map((mark) => frame(FrameType.PING, 0, Buffer.of(0, 0, 0, mark)));
    peer.write(Buffer.concat(pings));
    await eventually('they have come', () => socket.bytesRead > before);
    const reader = new LinkReader(peer, MAGIC.length);
    peer.resume();
    await eventually('it is answered', () => reader.whole(FrameType.PONG).length > 0);
    expect(reader.whole(FrameType.PONG).map(({ payload }) => payload[3])).toEqual([3]);
  });
});
