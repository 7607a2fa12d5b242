import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PayloadReader, PayloadWriter } from '../../../lib/protocol/payload.js';
import { OutboundStream } from '../../../lib/transport/link/outbound-stream.js';
import { TcpTransport } from '../../../lib/transport/tcp/tcp-transport.js';
import { FrameType, MORE, STREAMS_ID } from '../../../lib/transport/link/wire.js';
import type { Acceptor, InboundStream, Listener } from '../../../lib/transport/transport.js';
import { eventually } from '../../support/eventually.js';
import { RawSocket } from '../../support/raw-socket.js';
import { closingOf, frame, framesOf, greeting, openFrame, type SeenFrame } from '../../support/tcp-frames.js';
import { dialLink } from '../../support/tcp-links.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

const LARGE = 2 * 1024 * 1024;

/** What a server of ours takes of large messages on all streams of a connection, in bytes. */
const ALL_STREAMS = 32 * 1024 * 1024;

const number = (value: number): Buffer => Buffer.from(new PayloadWriter().number(value).written);

/** A large message, whole. */
const message = (id: number): Buffer =>
  Buffer.concat([
    frame(FrameType.MESSAGE | MORE, id, number(LARGE)),
    frame(FrameType.DATA | MORE, id, Buffer.alloc(LARGE - 1)),
    frame(FrameType.DATA, id, Buffer.alloc(1)),
  ]);

const creditsOf = (frames: readonly SeenFrame[]): number[] =>
  frames
    .filter(({ type, id }) => type === FrameType.CREDIT && id === STREAMS_ID)
    .map(({ payload }) => new PayloadReader(payload).number());

describe('large messages of all streams of a TCP connection', () => {
  const streams: InboundStream[] = [];
  const acceptor: Acceptor = (path) => ({
    stream: async (stream) => {
      streams.push(stream);
      if (path === '/stop') await stream.messages[Symbol.asyncIterator]().return?.();
      if (path !== '/leave') await new Promise(() => undefined);
    },
  });
  let listener: Listener;

  beforeAll(async () => {
    listener = await new TcpTransport(transportOptions()).listen({ host: '127.0.0.1', port: 0 }, acceptor);
  });

  afterAll(() => listener.destroy());

  const frames = (socket: RawSocket): SeenFrame[] => framesOf(Buffer.from(socket.text, 'latin1'));

  it('are held unread to a bound, and the connection of one who sends more is closed', async () => {
    const socket = new RawSocket(listener.address);
    socket.send(greeting());
    for (let id = 1; id <= ALL_STREAMS / LARGE + 1; id++) {
      socket.send(openFrame(id, '/hold'));
      socket.send(message(id));
    }
    await socket.closed;
    expect(closingOf(frames(socket))?.text).toContain('large messages of streams of more than 33554432 bytes');
    expect(creditsOf(frames(socket))).toEqual([]);
  });

  it('count until they are read, and what was read is granted anew', async () => {
    streams.length = 0;
    const socket = new RawSocket(listener.address);
    socket.send(Buffer.concat([greeting(), openFrame(1, '/hold'), message(1)]));
    await eventually('the stream is there', () => streams.length === 1);
    expect(creditsOf(frames(socket))).toEqual([]);
    const messages = streams[0]!.messages[Symbol.asyncIterator]();
    await messages.next();
    await eventually('it is granted anew', () => creditsOf(frames(socket)).length === 1);
    // Who waits for a message has read it when it comes.
    const second = messages.next();
    socket.send(message(1));
    expect((await second).value).toHaveLength(LARGE);
    await eventually('it is granted anew', () => creditsOf(frames(socket)).length === 2);
    expect(creditsOf(frames(socket))).toEqual([LARGE, LARGE]);
  });

  it.each<[string, Buffer]>([
    ['is cancelled by its caller', Buffer.concat([openFrame(1, '/hold'), message(1), frame(FrameType.CANCEL, 1)])],
    ['is over for its handler', Buffer.concat([openFrame(1, '/leave'), message(1)])],
    ['is no longer read by its handler', Buffer.concat([openFrame(1, '/stop'), message(1)])],
    ['was never there', Buffer.concat([openFrame(1, '/hold'), frame(FrameType.CANCEL, 1), message(1)])],
  ])('count no more when the stream %s', async (_, bytes) => {
    const socket = new RawSocket(listener.address);
    socket.send(Buffer.concat([greeting(), bytes]));
    await eventually('it is granted anew', () => creditsOf(frames(socket)).length === 1);
    expect(creditsOf(frames(socket))).toEqual([LARGE]);
  });

  it('wait at their sender for room at the other side, and small ones do not', async () => {
    const { link, peer } = await dialLink({ bulkBytes: 100_000, windowBytes: 1_000_000 });
    const seen: Buffer[] = [];
    peer.on('data', (chunk: Buffer) => seen.push(chunk));
    const begun = (): number =>
      framesOf(Buffer.concat(seen).subarray(8)).filter(({ type }) => type === (FrameType.MESSAGE | MORE)).length;
    const small = (): number =>
      framesOf(Buffer.concat(seen).subarray(8)).filter(({ type }) => type === FrameType.MESSAGE).length;
    const [first, second, third] = [1, 2, 3].map(() => new OutboundStream(outbound(), LARGE, () => undefined));
    for (const stream of [first!, second!, third!]) link.open(stream);
    const sent = first!.send(Buffer.alloc(80_000));
    const waits = second!.send(Buffer.alloc(80_000)).then(() => 'sent');
    await sent;
    await third!.send(Buffer.alloc(10));
    await eventually('the small one has come', () => small() === 1);
    expect(begun()).toBe(1);
    peer.write(frame(FrameType.CREDIT, STREAMS_ID, number(80_000)));
    expect(await waits).toBe('sent');
    await eventually('the second one has come', () => begun() === 2);
    link.destroy();
  });
});
