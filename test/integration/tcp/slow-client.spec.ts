import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { TcpTransport } from '../../../lib/transport/tcp/tcp-transport.js';
import { FrameType, MORE } from '../../../lib/transport/link/wire.js';
import type { Acceptor, Connection, InboundStream, Listener } from '../../../lib/transport/transport.js';
import { eventually } from '../../support/eventually.js';
import { RawSocket } from '../../support/raw-socket.js';
import { callFrame, frame, framesOf, greeting, GREETING, number, openFrame } from '../../support/tcp-frames.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

const LIMIT = 2 * 1024 * 1024;
const streams: InboundStream[] = [];

const acceptor: Acceptor = (path) => {
  if (path === '/echo') return async (call) => call.body;
  if (path === '/pour') {
    return {
      stream: async (stream) => {
        streams.push(stream);
        for (;;) await stream.send(Buffer.alloc(1_000));
      },
    };
  }
  return path === '/hold' ? { stream: () => new Promise(() => undefined) } : undefined;
};

describe('the TCP protocol, with callers who are slow, silent or sparing', () => {
  const transport = new TcpTransport(transportOptions());
  let listener: Listener;
  let other: Connection;

  beforeAll(async () => {
    listener = await transport.listen({ host: '127.0.0.1', port: 0 }, acceptor);
    other = transport.dial(listener.address);
  });

  afterAll(() => {
    other.destroy();
    listener.destroy();
  });

  const raw = (...bytes: readonly Uint8Array[]): RawSocket => {
    const socket = new RawSocket(listener.address);
    socket.send(Buffer.concat(bytes));
    return socket;
  };

  const framesAt = (socket: RawSocket) => framesOf(Buffer.from(socket.text, 'latin1'));

  it('answers a call whose message is still arriving when the listener is about to close', async () => {
    const closing = await transport.listen({ host: '127.0.0.1', port: 0 }, acceptor);
    const socket = new RawSocket(closing.address);
    socket.send(
      Buffer.concat([greeting(), callFrame(1, '/echo', 10), frame(FrameType.DATA | MORE, 1, Buffer.from('hello'))]),
    );
    const seen = (type: number) => framesOf(Buffer.from(socket.text, 'latin1')).find((one) => one.type === type);
    await eventually('the greeting has come', () => seen(FrameType.HELLO) !== undefined);
    const closed = closing.close();
    await eventually('the listener has told', () => seen(FrameType.GOAWAY) !== undefined);
    expect(seen(FrameType.GOAWAY)?.id).toBe(1);
    socket.send(frame(FrameType.DATA, 1, Buffer.from('world')));
    await eventually('the answer has come', () => seen(FrameType.ANSWER) !== undefined);
    expect(seen(FrameType.ANSWER)?.payload.toString()).toBe('helloworld');
    socket.socket.end();
    await closed;
  });

  it('gives up a caller who is silent, and answers no ping, while a stream of it is open', async () => {
    const quick = new TcpTransport(transportOptions({}, {}, {}, {}, { keepaliveTimeMs: 20, keepaliveTimeoutMs: 20 }));
    const watching = await quick.listen({ host: '127.0.0.1', port: 0 }, acceptor);
    onTestFinished(() => watching.destroy());
    const socket = new RawSocket(watching.address);
    socket.send(Buffer.concat([greeting(), openFrame(1, '/hold')]));
    await socket.closed;
    expect(framesOf(Buffer.from(socket.text, 'latin1')).some(({ type }) => type === FrameType.PING)).toBe(true);
    expect(watching.pending).toBe(0);
  });

  it('goes on with a large answer that found the way full of small ones', async () => {
    const socket = raw(greeting());
    socket.socket.pause();
    const small = Buffer.alloc(16_000);
    for (let id = 1; id <= 600; id++) socket.send(callFrame(id, '/echo', small));
    socket.send(Buffer.concat([callFrame(601, '/echo', 60_000), frame(FrameType.DATA, 601, Buffer.alloc(60_000))]));
    await eventually('only the large answer is left', () => listener.pending === 1);
    socket.socket.resume();
    await eventually('it has come', () => listener.pending === 0);
    socket.socket.destroy();
  });

  it('sends no more on a stream than was granted, and goes on when more is', async () => {
    streams.length = 0;
    const socket = raw(greeting(), openFrame(1, '/pour'));
    const sent = () => framesAt(socket).filter(({ type }) => type === FrameType.MESSAGE).length;
    const granted = Math.ceil(GREETING.windowBytes / 1_064);
    await eventually('the window is full', () => sent() === granted);
    socket.send(frame(FrameType.CREDIT, 1, number(10 * 1_064)));
    await eventually('the rest has come', () => sent() === granted + 10);
    expect(listener.pending).toBe(1);
    socket.send(frame(FrameType.CANCEL, 1));
    await eventually('the stream is over', () => listener.pending === 0);
    expect(streams[0]?.cancellation.reason?.code).toBe(MeshCode.CANCELLED);
    socket.socket.destroy();
  });

  it('lets a message be broken off, and its place be used again', async () => {
    const socket = raw(greeting());
    for (let id = 1; id <= 100; id++) {
      socket.send(
        Buffer.concat([
          callFrame(id, '/echo', LIMIT),
          frame(FrameType.DATA | MORE, id, Buffer.alloc(10)),
          frame(FrameType.CANCEL, id),
        ]),
      );
    }
    socket.send(callFrame(101, '/echo', Buffer.from('still here')));
    const answer = () => framesAt(socket).find(({ type }) => type === FrameType.ANSWER);
    await eventually('the call is answered', () => answer() !== undefined);
    expect(answer()?.payload.toString()).toBe('still here');
    socket.socket.destroy();
  });

  it('answers one who reads nothing no further than the buffers go, and others at once', async () => {
    const socket = raw(greeting({ maxMessageBytes: LIMIT, bulkBytes: 1_024 }));
    socket.socket.pause();
    for (let id = 1; id <= 20; id++)
      socket.send(Buffer.concat([callFrame(id, '/echo', 100_000), frame(FrameType.DATA, id, Buffer.alloc(100_000))]));
    await eventually('one answer is under way, and the others wait', () => listener.pending === 19);
    expect(await other.call(outbound())).toHaveLength(5);
    socket.socket.destroy();
    await eventually('nothing is pending', () => listener.pending === 0);
  });
});
