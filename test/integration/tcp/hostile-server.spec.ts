import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { TcpTransport } from '../../../lib/transport/tcp/tcp-transport.js';
import { FrameType, MAGIC, MORE, STREAMS_ID } from '../../../lib/transport/link/wire.js';
import type { Connection, Listener } from '../../../lib/transport/transport.js';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import {
  callFrame,
  closingOf,
  frame,
  greeting,
  number,
  openFrame,
  type SeenFrame,
  text,
} from '../../support/tcp-frames.js';
import { type RawServer, rawServer } from '../../support/tcp-server.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

const LIMIT = 2 * 1024 * 1024;
const ALL = 0xffff_ffff;
const HELLO = greeting().subarray(MAGIC.length);

/** Calls under way on a connection: the stream has the id 1, and they have those up to this. */
const LAST = 20;

/** What a caller waits for: the answers of calls, and the end of a stream that is not read before that. */
function waitFor(connection: Connection): { readonly stream: Promise<unknown>; readonly calls: Promise<unknown>[] } {
  const { messages } = connection.open(outbound({ path: '/talk' }));
  const calls = Array.from({ length: LAST - 1 }, () => connection.call(outbound()));
  const stream = Promise.allSettled(calls).then(async () => {
    for await (const message of messages) expect(message.length).toBeGreaterThan(0);
  });
  for (const one of [stream, ...calls]) one.catch(() => undefined);
  return { stream, calls };
}

/** A server that greets, says what it is told to once the stream and all calls have come, and perhaps ends the connection. */
function serverSaying(bytes: readonly Uint8Array[], then: 'stays' | 'leaves' = 'stays'): Promise<RawServer> {
  let state: 'waits' | 'has said it' = 'waits';
  return rawServer(
    (socket) => void socket.write(HELLO),
    (frames, socket) => {
      if (state !== 'waits' || !frames.some(({ id }) => id === LAST)) return;
      state = 'has said it';
      socket.write(Buffer.concat(bytes));
      if (then === 'leaves') socket.end();
    },
  );
}

describe('a caller over TCP, with servers who break the protocol', () => {
  const transport = new TcpTransport(transportOptions());
  let honest: Listener;
  let other: Connection;

  beforeAll(async () => {
    honest = await transport.listen(
      { host: '127.0.0.1', port: 0 },
      () =>
        async ({ body }) =>
          body,
    );
    other = transport.dial(honest.address);
  });

  afterAll(() => {
    other.destroy();
    honest.destroy();
  });

  /** Everything that waits fails, the server is told why, and other connections do not feel it. */
  async function expectRefused({ connection, heard, sockets }: RawServer, reason: RegExp, error: Partial<MeshError>) {
    const beside = other.call(outbound());
    const { stream, calls } = waitFor(connection);
    for (const one of [stream, ...calls]) expect(await caught(one)).toMatchObject(error);
    expect((await caught(stream)).message).toMatch(reason);
    expect(connection.pending).toBe(0);
    await eventually('the server is told', () => closingOf(heard()) !== undefined);
    expect(closingOf(heard())?.text).toMatch(reason);
    expect(closingOf(heard())?.code).toBe(MeshCode.ENCODING);
    await eventually('the connection is closed', () => sockets.size === 0);
    expect(await beside).toHaveLength(5);
    expect(await other.call(outbound())).toHaveLength(5);
  }

  it.each<[string, readonly Uint8Array[], RegExp]>([
    ['HTTP/1.1', [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')], /of type 80 takes 4740180 bytes/],
    ['HTTP/2', [frame(FrameType.DATA, 0)], /belongs to no message of 0/],
    ['TLS', [Buffer.from([0x15, 3, 3, 0, 2, 2, 0x46, 0])], /of type 0 takes 1377027 bytes/],
    ['SSH', [Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')], /of type 45 takes 5460808 bytes/],
    ['SMTP', [Buffer.from('220 mail.example ESMTP\r\n')], /of type 32 takes 3289648 bytes/],
    ['Redis', [Buffer.from("-ERR unknown command ''\r\n")], /of type 82 takes 2966866 bytes/],
    ['an echo', [MAGIC], /of type 83 takes 9260357 bytes/],
    ['zeros', [Buffer.alloc(100)], /lacks field 1/],
    ['ones', [Buffer.alloc(100, 0xff)], /of type 127 takes 16777215 bytes/],
    ['no greeting', [frame(FrameType.PING)], /does not greet first/],
    ['an answer, and no greeting', [frame(FrameType.ANSWER, 1)], /does not greet first/],
    ['a greeting of rubbish', [frame(FrameType.HELLO, 0, Buffer.from([1, 20]))], /longer than its frame/],
    ['a greeting that takes too little', [greeting({ maxMessageBytes: 1 }).subarray(8)], /says 1 in field 3/],
    ['a greeting that takes no calls', [greeting({ maxCalls: 0 }).subarray(8)], /says 0 in field 4/],
  ])('never sends its calls where %s is spoken, and says why', async (_, bytes, reason) => {
    const server = await rawServer((socket) => void socket.write(Buffer.concat(bytes)));
    await expectRefused(server, reason, { code: MeshCode.ADDRESS_UNREACHABLE, neverSent: true });
  });

  it.each<[string, (socket: Socket) => void]>([
    ['ends the connection', (socket) => socket.end()],
    ['breaks the connection', (socket) => socket.resetAndDestroy()],
    ['ends within its greeting', (socket) => socket.end(HELLO.subarray(0, 20))],
    ['ends with a frame that may be skipped', (socket) => socket.end(frame(64))],
    ['closes before it greets', (socket) => socket.end(closeFrame())],
  ])('never sends its calls to one who %s', async (_, serve) => {
    const { connection } = await rawServer((socket) => void socket.once('data', () => serve(socket)));
    const { stream, calls } = waitFor(connection);
    for (const one of [stream, ...calls]) {
      expect(await caught(one)).toMatchObject({ code: MeshCode.ADDRESS_UNREACHABLE, neverSent: true });
    }
    expect(connection.pending).toBe(0);
  });

  it('waits no longer than a call may take for one who never greets', async () => {
    const { connection } = await rawServer((socket) => void socket.write(frame(64)));
    const error = await caught(connection.call(outbound({ timeoutMs: 50 })));
    expect(error.neverSent).toBe(true);
    expect(connection.pending).toBe(0);
  });

  it('gives up one who never greets, and sends it nothing, where a call would wait for ever', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { connection, heard, sockets } = await rawServer(() => undefined);
    const failed = caught(connection.call({ ...outbound(), deadline: Infinity }));
    await eventually('it is greeted', () => heard().length > 0);
    vi.advanceTimersByTime(19_999);
    expect(connection.pending).toBe(1);
    vi.advanceTimersByTime(1);
    expect(await failed).toMatchObject({
      code: MeshCode.ADDRESS_UNREACHABLE,
      neverSent: true,
      message: expect.stringContaining('nobody greeted within 20000 ms'),
    });
    await eventually('the connection is closed', () => sockets.size === 0);
    expect(heard().map(({ type }) => type)).toEqual([FrameType.HELLO]);
  });

  it.each<[string, readonly Uint8Array[], RegExp]>([
    ['greets twice', [HELLO], /greets twice/],
    ['answers what was never asked', [frame(FrameType.ANSWER, LAST + 1)], /answers 21, which was never asked/],
    ['answers nothing', [frame(FrameType.ANSWER, 0)], /answers 0, which was never asked/],
    ['fails what was never asked', [frame(FrameType.ERROR, ALL, failure())], /answers 4294967295, which/],
    ['sends a message of no stream', [frame(FrameType.MESSAGE, LAST + 1)], /answers 21, which was never asked/],
    ['ends what was never opened', [frame(FrameType.END, LAST + 1)], /answers 21, which was never asked/],
    ['grants for what was never asked', [frame(FrameType.CREDIT, LAST + 1, number(1))], /answers 21, which/],
    ['calls', [callFrame(2, '/echo', Buffer.alloc(1))], /type 1, which is the caller's/],
    ['opens a stream', [openFrame(2, '/hold')], /type 5, which is the caller's/],
    ['cancels', [frame(FrameType.CANCEL, 2)], /type 8, which is the caller's/],
    ['answers with too much', [frame(FrameType.ANSWER | MORE, 2, number(LIMIT + 1))], /takes 2097153 bytes/],
    ['sends too long a message', [frame(FrameType.MESSAGE | MORE, 1, number(ALL))], /takes 4294967295 bytes/],
    ['has too much under way', times(17, (i) => large(i + 2, LIMIT)), /calls of more than 33554432 bytes/],
    ['sends a piece of no message', [frame(FrameType.DATA, 2, Buffer.alloc(1))], /belongs to no message/],
    ['sends more than it said', [large(2, 5), frame(FrameType.DATA, 2, Buffer.alloc(6))], /longer than it said/],
    ['sends less than it said', [large(2, 5), frame(FrameType.DATA, 2, Buffer.alloc(4))], /shorter than it said/],
    ['answers within an answer', twice(large(2, 20_000)), /within another/],
    ['begins a message within another', twice(frame(FrameType.MESSAGE | MORE, 1, number(9))), /within another/],
    ['sends more than it was granted', times(200, () => message(16_000)), /more than it was granted/],
    ['grants calls what was not taken', [frame(FrameType.CREDIT, 0, number(1))], /more than was under way/],
    ['grants streams what was not taken', [frame(FrameType.CREDIT, STREAMS_ID, number(1))], /more than was under way/],
    ['says a number that is too large', [frame(FrameType.CREDIT, 1, Buffer.alloc(5, 0xff))], /number is malformed/],
    ['fails a call and does not say why', [frame(FrameType.ERROR, 2)], /number is malformed/],
    ['fails a call with half a text', [frame(FrameType.ERROR, 2, Buffer.from([0, 9, 65]))], /longer than its frame/],
    ['sends a frame that is too long', [frame(FrameType.ANSWER, 2, Buffer.alloc(200_000))], /takes 200000 bytes/],
    ['sends the first unknown type', [frame(14)], /unknown type 14/],
    ['sends the last unknown type', [frame(63 | MORE, 2)], /unknown type 63/],
    ['pings without end', times(200, () => frame(FrameType.PING)), /more than 100 times/],
    ['pings with too much', [frame(FrameType.PING, 0, Buffer.alloc(65))], /ping takes 65 bytes/],
    ['closes for no reason', [frame(FrameType.CLOSE)], /number is malformed/],
  ])('fails all calls to one who %s, and says why', async (_, bytes, reason) => {
    await expectRefused(await serverSaying(bytes), reason, { code: MeshCode.UNREACHABLE, neverSent: false });
  });

  it.each<[string, readonly Uint8Array[], string]>([
    ['closes, and says why', [closeFrame()], 'not you'],
    ['leaves within a header', [frame(FrameType.ANSWER, 2).subarray(0, 5)], ''],
    ['leaves within an answer', [large(2, 9)], ''],
    ['leaves within a piece', [large(2, 9), frame(FrameType.DATA, 2, Buffer.alloc(9)).subarray(0, 12)], ''],
  ])('fails all calls to one who %s', async (_, bytes, reason) => {
    const { connection } = await serverSaying(bytes, 'leaves');
    const { stream, calls } = waitFor(connection);
    for (const one of [stream, ...calls]) {
      expect(await caught(one)).toMatchObject({ code: MeshCode.UNREACHABLE, neverSent: false });
    }
    expect((await caught(stream)).message).toContain(reason);
    expect(connection.pending).toBe(0);
  });

  it.each<[string, readonly Uint8Array[]]>([
    ['answers twice', [frame(FrameType.ANSWER, 2, Buffer.from('twice'))]],
    ['answers, and fails then', [frame(FrameType.ERROR, 2, failure())]],
    ['answers a second time in pieces', [large(2, 1), frame(FrameType.DATA, 2, Buffer.alloc(1))]],
    ['ends a stream twice', twice(frame(FrameType.END, 1))],
    ['goes on after the end of a stream', [frame(FrameType.END, 1), message(9), frame(FrameType.ERROR, 1, failure())]],
    ['takes a stream for a call', [frame(FrameType.ANSWER, 1)]],
    ['takes a call for a stream', [frame(FrameType.MESSAGE, 3), frame(FrameType.CREDIT, 3, number(5))]],
    ['grants more than any number can say', times(9, () => frame(FrameType.CREDIT, 1, number(ALL)))],
    ['grants nothing', [frame(FrameType.CREDIT, 0, number(0)), frame(FrameType.CREDIT, STREAMS_ID, number(0))]],
    ['answers no ping', times(200, () => frame(FrameType.PONG))],
    ['sends what may be skipped', [frame(64), frame(127 | MORE, ALL, Buffer.alloc(1_000))]],
    ['says twice that it is about to close', [frame(FrameType.GOAWAY, ALL), frame(FrameType.GOAWAY, LAST)]],
  ])('puts up with one who %s', async (_, bytes) => {
    const answers = times(LAST - 2, (i) => frame(FrameType.ANSWER, i + 3, Buffer.from('once')));
    const server = await serverSaying([frame(FrameType.ANSWER, 2, Buffer.from('once')), ...bytes, ...answers]);
    const { calls } = waitFor(server.connection);
    for (const call of calls) expect(String(await call)).toBe('once');
    expect(closingOf(server.heard())).toBeUndefined();
  });

  it('keeps no connection that takes no more calls, once it has its answers', async () => {
    let answered = 0;
    const server = await rawServer(
      (socket) => void socket.write(HELLO),
      (frames, socket) => {
        if (!frames.some(({ type }) => type === FrameType.CALL) || ++answered > 5) return;
        socket.write(Buffer.concat([frame(FrameType.GOAWAY, 1), frame(FrameType.ANSWER, 1, Buffer.from('bye'))]));
      },
    );
    for (let i = 0; i < 5; i++) expect(String(await server.connection.call(outbound()))).toBe('bye');
    await eventually('all connections are closed', () => server.sockets.size === 0);
  });

  it.each<[string, readonly Uint8Array[]]>([
    ['closes', [closeFrame()]],
    ['is about to close', [frame(FrameType.GOAWAY, 1)]],
  ])('tells calls that wait for room that they were never sent, when the server %s', async (_, bytes) => {
    const { connection } = await rawServer(
      (socket) => void socket.write(HELLO),
      (frames, socket) => {
        if (frames.some(({ type }) => type === (FrameType.CALL | MORE))) socket.write(Buffer.concat(bytes));
      },
    );
    const call = () => caught(connection.call(outbound({ body: Buffer.alloc(LIMIT), timeoutMs: 4_000 })));
    const [, , third] = [call(), call(), call()];
    expect(await third).toMatchObject({ code: MeshCode.UNREACHABLE, neverSent: true });
  });

  it('sends small calls to one who never grants, and gives up the large ones in time, unsent', async () => {
    const answered = new Set<number>();
    const server = await rawServer(
      (socket) => void socket.write(greeting({ bulkBytes: 1_024, windowBytes: 4_096 }).subarray(MAGIC.length)),
      (frames, socket) => {
        const small = ({ type, id }: SeenFrame): boolean => type === FrameType.CALL && !answered.has(id);
        for (const { id } of frames.filter(small)) socket.write(frame(FrameType.ANSWER, answered.add(id) && id));
      },
    );
    await server.connection.call(outbound());
    const large = () => caught(server.connection.call(outbound({ body: Buffer.alloc(20_000), timeoutMs: 100 })));
    const [first, second] = [large(), large()];
    const cancellation = new Cancellation();
    const stream = server.connection.open(outbound({ cancellation }));
    await stream.send(Buffer.alloc(4_000));
    const waits = caught(stream.send(Buffer.alloc(4_000)).then(() => stream.send(Buffer.alloc(1))));
    for (let i = 0; i < 5; i++) await server.connection.call(outbound());
    expect(await first).toMatchObject({ code: MeshCode.TIMEOUT, neverSent: false });
    expect((await second).code).toBe(MeshCode.TIMEOUT);
    const cut = server.heard().filter(({ type }) => type === (FrameType.CALL | MORE));
    expect(cut).toHaveLength(1);
    cancellation.cancel(new MeshError(MeshCode.CANCELLED, 'enough'));
    expect((await waits).message).toBe('enough');
    expect(server.connection.pending).toBe(0);
  });

  it('keeps to what the server takes', async () => {
    const least = greeting({ maxMessageBytes: 1_024, maxCalls: 1 }).subarray(MAGIC.length);
    const { connection } = await rawServer((socket) => void socket.write(least));
    const long = await caught(connection.call(outbound({ body: Buffer.alloc(1_025) })));
    expect(long.code).toBe(MeshCode.MESSAGE_TOO_LONG);
    const first = caught(connection.call(outbound({ timeoutMs: 2_000 })));
    expect(await caught(connection.call(outbound()))).toMatchObject({ code: MeshCode.BUFFER_FULL, neverSent: true });
    connection.destroy();
    expect((await first).code).toBe(MeshCode.UNREACHABLE);
  });
});

/** The first frame of an answer that is cut. */
function large(id: number, bytes: number): Buffer {
  return frame(FrameType.ANSWER | MORE, id, number(bytes));
}

/** A message on the stream. */
function message(bytes: number): Buffer {
  return frame(FrameType.MESSAGE, 1, Buffer.alloc(bytes));
}

function failure(): Buffer {
  return Buffer.concat([number(0), text(MeshCode.FORBIDDEN), text('no')]);
}

function closeFrame(): Buffer {
  return frame(FrameType.CLOSE, 0, Buffer.concat([text(MeshCode.FORBIDDEN), text('not you')]));
}

function twice(bytes: Buffer): Buffer[] {
  return [bytes, bytes];
}

function times(count: number, bytes: (index: number) => Buffer): Buffer[] {
  return Array.from({ length: count }, (_, index) => bytes(index));
}
