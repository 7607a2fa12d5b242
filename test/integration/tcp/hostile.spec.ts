import { createServer, type AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { TcpTransport } from '../../../lib/transport/tcp/tcp-transport.js';
import { PayloadWriter } from '../../../lib/protocol/payload.js';
import { FrameType, MAGIC, MORE } from '../../../lib/transport/tcp/wire.js';
import type { Acceptor, Connection, InboundStream, Listener } from '../../../lib/transport/transport.js';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import { RawSocket } from '../../support/raw-socket.js';
import {
  callFrame,
  closingOf,
  frame,
  framesOf,
  greeting,
  GREETING,
  openFrame,
  openingWith,
} from '../../support/tcp-frames.js';
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

const number = (value: number): Buffer => Buffer.from(new PayloadWriter().number(value).written);

describe('the TCP protocol, with peers that break it', () => {
  const transport = new TcpTransport(transportOptions());
  let listener: Listener;
  let other: Connection;

  beforeAll(async () => {
    listener = await transport.listen({ host: '127.0.0.1', port: 0, handshakeTimeoutMs: 100 }, acceptor);
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

  it.each<[string, readonly Uint8Array[], RegExp]>([
    ['does not greet first', [MAGIC, frame(FrameType.PING)], /does not greet first/],
    ['greets twice', [greeting(), greeting().subarray(8)], /greets twice/],
    ['greets with rubbish', [MAGIC, frame(FrameType.HELLO, 0, Buffer.from([1, 20]))], /longer than its frame/],
    [
      'uses an id again',
      [greeting(), callFrame(2, '/echo', Buffer.alloc(1)), callFrame(2, '/echo', Buffer.alloc(1))],
      /id 2 was used/,
    ],
    [
      'goes back in its ids',
      [greeting(), callFrame(2, '/echo', Buffer.alloc(1)), callFrame(1, '/echo', Buffer.alloc(1))],
      /id 1 was used/,
    ],
    ['speaks of what was never begun', [greeting(), frame(FrameType.CANCEL, 7)], /7, which was never begun/],
    [
      'names a whole head that it never said',
      [greeting(), frame(FrameType.CALL, 1, openingWith(Buffer.from([7 * 4 + 3])).written)],
      /never said/,
    ],
    [
      'has a whole head remembered beyond the bounds',
      [greeting(), frame(FrameType.CALL, 1, openingWith(Buffer.from([0xff, 0x7f, 4, 1, 47])).written)],
      /remembered at 4095/,
    ],
    ['announces a message over the limit', [greeting(), callFrame(1, '/echo', LIMIT + 1)], /takes 2097153 bytes/],
    ['sends a piece of no message', [greeting(), frame(FrameType.DATA, 1, Buffer.alloc(3))], /belongs to no message/],
    [
      'sends more than it announced',
      [greeting(), callFrame(1, '/echo', 5), frame(FrameType.DATA, 1, Buffer.alloc(6))],
      /longer than it said/,
    ],
    [
      'sends less than it announced',
      [greeting(), callFrame(1, '/echo', 5), frame(FrameType.DATA, 1, Buffer.alloc(4))],
      /shorter than it said/,
    ],
    [
      'begins a message within another',
      [
        greeting(),
        openFrame(1, '/hold'),
        frame(FrameType.MESSAGE | MORE, 1, number(20_000)),
        frame(FrameType.MESSAGE | MORE, 1, number(20_000)),
      ],
      /within another/,
    ],
    [
      'has too much under way',
      [greeting(), ...Array.from({ length: 20 }, (_, i) => callFrame(i + 1, '/echo', LIMIT))],
      /more than 33554432 bytes/,
    ],
    ['grants what was not taken', [greeting(), frame(FrameType.CREDIT, 0, number(5))], /more than was under way/],
    [
      'sends what only a server sends',
      [greeting(), callFrame(1, '/echo', Buffer.alloc(1)), frame(FrameType.ANSWER, 1)],
      /not the caller's/,
    ],
    ['refuses calls as a caller', [greeting(), frame(FrameType.GOAWAY, 1)], /cannot refuse/],
    [
      'sends a frame that is too long',
      [greeting(), frame(FrameType.CALL, 1, Buffer.alloc(200_000))],
      /takes 200000 bytes/,
    ],
    ['sends a frame of an unknown type', [greeting(), frame(33, 1)], /unknown type 33/],
    [
      'pings without end',
      [greeting(), ...Array.from({ length: 200 }, () => frame(FrameType.PING))],
      /more than 100 times/,
    ],
    ['pings with too much', [greeting(), frame(FrameType.PING, 0, Buffer.alloc(65))], /ping takes 65 bytes/],
    ['sends a head without a path', [greeting(), frame(FrameType.CALL, 1, Buffer.from([0, 0]))], /no path/],
  ])('closes the connection of one who %s, and says so', async (_, bytes, text) => {
    const socket = raw(...bytes);
    await socket.closed;
    const closing = closingOf(framesAt(socket));
    expect(closing?.code).toBe(MeshCode.ENCODING);
    expect(closing?.text).toMatch(text);
    await eventually('nothing is pending', () => listener.pending === 0);
  });

  it('says which versions are spoken to one who speaks none of them', async () => {
    const socket = raw(greeting({ versions: { min: 7, max: 9 } }));
    await socket.closed;
    expect(closingOf(framesAt(socket))).toMatchObject({
      code: MeshCode.INCOMPATIBLE,
      text: expect.stringContaining('7 to 9'),
    });
  });

  it.each([
    ['nothing but the magic', MAGIC],
    ['half of a greeting', greeting().subarray(0, 20)],
  ])('closes a connection that says %s, after a while', async (_, bytes) => {
    await raw(bytes).closed;
  });

  it('closes a stream that sends more than it was granted', async () => {
    const socket = raw(greeting(), openFrame(1, '/hold'));
    const message = frame(FrameType.MESSAGE, 1, Buffer.alloc(16_000));
    for (let i = 0; i < 200; i++) socket.send(message);
    await socket.closed;
    expect(closingOf(framesAt(socket))?.text).toContain('more than it was granted');
  });

  it('bounds the messages that nobody reads any more', async () => {
    const socket = raw(greeting());
    for (let id = 1; id <= 17; id++) {
      const message = frame(FrameType.MESSAGE | MORE, id, number(LIMIT));
      socket.send(Buffer.concat([openFrame(id, '/hold'), frame(FrameType.CANCEL, id), message]));
    }
    await socket.closed;
    expect(closingOf(framesAt(socket))?.text).toContain(
      'large messages of streams of more than 33554432 bytes are under way',
    );
  });

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

  it('lives through any bytes, and others do not feel it', { timeout: 60_000 }, async () => {
    const corpus = [
      callFrame(1, '/echo', Buffer.from('hello')),
      callFrame(2, '/echo', 20_000),
      frame(FrameType.DATA | MORE, 2, Buffer.alloc(10_000)),
      frame(FrameType.DATA, 2, Buffer.alloc(10_000)),
      openFrame(3, '/hold'),
      frame(FrameType.MESSAGE, 3, Buffer.alloc(10)),
      frame(FrameType.END, 3),
      frame(FrameType.CREDIT, 3, number(100)),
      frame(FrameType.CANCEL, 1),
      frame(FrameType.PING, 0, Buffer.alloc(8)),
    ];
    const step = fc.record({
      index: fc.nat(corpus.length - 1),
      at: fc.nat(),
      byte: fc.nat(255),
      kind: fc.constantFrom('as it is', 'changed', 'cut', 'twice'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const socket = raw(greeting());
        for (const { index, at, byte, kind } of steps) {
          const bytes = Buffer.from(corpus[index]!);
          if (kind === 'changed') bytes[at % bytes.length] = byte;
          socket.send(kind === 'cut' ? bytes.subarray(0, at % bytes.length) : bytes);
          if (kind === 'twice') socket.send(bytes);
        }
        socket.socket.end();
        await socket.closed;
        await eventually('nothing is pending', () => listener.pending === 0);
        expect(await other.call(outbound())).toHaveLength(5);
      }),
      { numRuns: 150 },
    );
  });
});

describe('a caller over TCP, with servers that break the protocol', () => {
  /** A server that greets, and then says what it is told to. */
  async function serverSaying(...bytes: readonly Uint8Array[]): Promise<Connection> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write(greeting().subarray(8));
      const seen: Buffer[] = [];
      // What follows comes after the first call.
      socket.on('data', (chunk: Buffer) => {
        seen.push(chunk);
        const frames = framesOf(Buffer.concat(seen).subarray(MAGIC.length));
        if (frames.some(({ type }) => (type & ~MORE) === FrameType.CALL)) socket.write(Buffer.concat(bytes));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const connection = new TcpTransport(transportOptions()).dial(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => {
      connection.destroy();
      server.close();
    });
    return connection;
  }

  it.each<[string, readonly Uint8Array[], RegExp]>([
    ['answers what was never asked', [frame(FrameType.ANSWER, 9)], /never asked/],
    ['sends calls', [callFrame(1, '/echo', Buffer.alloc(1))], /the caller's/],
    ['answers with too much', [frame(FrameType.ANSWER | MORE, 1, number(LIMIT + 1))], /takes 2097153 bytes/],
    [
      'closes, and says why',
      [frame(FrameType.CLOSE, 0, new PayloadWriter().text(MeshCode.FORBIDDEN).text('not you').written)],
      /not you/,
    ],
  ])('fails its calls when one %s', async (_, bytes, text) => {
    const connection = await serverSaying(...bytes);
    const error = await caught(connection.call(outbound({ timeoutMs: 4_000 })));
    expect(error).toMatchObject({ code: MeshCode.UNREACHABLE, neverSent: false });
    expect(error.message).toMatch(text);
    expect(connection.pending).toBe(0);
  });

  it.each<[string, readonly Uint8Array[]]>([
    ['closes', [frame(FrameType.CLOSE, 0, new PayloadWriter().text(MeshCode.FORBIDDEN).text('x').written)]],
    ['is about to close', [frame(FrameType.GOAWAY, 1)]],
  ])('tells calls that wait for room that they were never sent, when the server %s', async (_, bytes) => {
    const connection = await serverSaying(...bytes);
    const call = () => caught(connection.call(outbound({ body: Buffer.alloc(LIMIT), timeoutMs: 4_000 })));
    const [, , third] = [call(), call(), call()];
    expect(await third).toMatchObject({ code: MeshCode.UNREACHABLE, neverSent: true });
  });

  it('keeps to what the server takes', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).write(greeting({ maxMessageBytes: 1_024, maxCalls: 1 }).subarray(8));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const connection = new TcpTransport(transportOptions()).dial(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => {
      connection.destroy();
      server.close();
    });
    expect((await caught(connection.call(outbound({ body: Buffer.alloc(1_025) })))).code).toBe(
      MeshCode.MESSAGE_TOO_LONG,
    );
    const first = caught(connection.call(outbound({ timeoutMs: 2_000 })));
    expect(await caught(connection.call(outbound()))).toMatchObject({ code: MeshCode.BUFFER_FULL, neverSent: true });
    connection.destroy();
    expect((await first).code).toBe(MeshCode.UNREACHABLE);
  });
});
