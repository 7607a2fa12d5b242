import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Cancellation } from '../../../lib/context/cancellation.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { TcpTransport } from '../../../lib/transport/tcp/tcp-transport.js';
import { FrameType, MAGIC, MORE, STREAMS_ID } from '../../../lib/transport/link/wire.js';
import type { Acceptor, Connection, Listener } from '../../../lib/transport/transport.js';
import { eventually } from '../../support/eventually.js';
import { RawSocket } from '../../support/raw-socket.js';
import {
  callFrame,
  closingOf,
  frame,
  framesOf,
  greeting,
  number,
  openFrame,
  openingWith,
  type SeenFrame,
} from '../../support/tcp-frames.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

const LIMIT = 2 * 1024 * 1024;
const ALL = 0xffff_ffff;
const PING = frame(FrameType.PING);
const byte = Buffer.alloc(1);

/** What ends the calls and streams that are held. */
const held: Cancellation[] = [];

const acceptor: Acceptor = (path) => {
  if (path === '/echo') return async (call) => call.body;
  const forever = ({ cancellation }: { readonly cancellation: Cancellation }): Promise<never> => {
    held.push(cancellation);
    return new Promise(() => undefined);
  };
  if (path === '/wait') return forever;
  return path === '/hold' ? { stream: forever } : undefined;
};

describe('the TCP protocol, with callers who break it', () => {
  const transport = new TcpTransport(transportOptions());
  let listener: Listener;
  let other: Connection;

  beforeAll(async () => {
    listener = await transport.listen({ host: '127.0.0.1', port: 0 }, acceptor);
    other = transport.dial(listener.address);
  });

  beforeEach(() => void held.splice(0));

  afterAll(() => {
    other.destroy();
    listener.destroy();
  });

  const raw = (...bytes: readonly Uint8Array[]): RawSocket => {
    const socket = new RawSocket(listener.address);
    socket.send(Buffer.concat(bytes));
    return socket;
  };

  const framesAt = (socket: RawSocket): SeenFrame[] => framesOf(Buffer.from(socket.text, 'latin1'));

  /** The connection is closed for that reason, what was under way on it is cancelled, and others do not feel it. */
  async function expectClosed(socket: RawSocket, reason: RegExp, calls = 0): Promise<void> {
    const beside = other.call(outbound());
    await socket.closed;
    const closing = closingOf(framesAt(socket));
    expect(closing?.text).toMatch(reason);
    expect(closing?.code).toBe(MeshCode.ENCODING);
    await expectNothingLeft(calls);
    expect(await beside).toHaveLength(5);
  }

  async function expectNothingLeft(calls: number): Promise<void> {
    await eventually('nothing is pending', () => listener.pending === 0);
    expect(held.map(({ reason }) => reason?.code)).toEqual(Array.from({ length: calls }, () => MeshCode.CANCELLED));
    expect(await other.call(outbound())).toHaveLength(5);
  }

  it.each<[string, readonly Uint8Array[], RegExp]>([
    ['does not greet first', [PING], /does not greet first/],
    ['calls before it greets', [callFrame(1, '/wait', byte)], /does not greet first/],
    ['sends a piece before it greets', [frame(FrameType.DATA, 1, byte)], /belongs to no message/],
    ['sends an unknown type before it greets', [frame(14)], /unknown type 14/],
    ['greets with rubbish', [frame(FrameType.HELLO, 0, Buffer.from([1, 20]))], /longer than its frame/],
    ['greets with nothing', [frame(FrameType.HELLO)], /lacks field 1/],
    ['greets with half of what is needed', [frame(FrameType.HELLO, 0, Buffer.from([1, 1, 1]))], /lacks field 2/],
    ['takes too little', [greeting({ maxMessageBytes: 1_023 }).subarray(8)], /says 1023 in field 3/],
    ['grants too little', [greeting({ windowBytes: 0 }).subarray(8)], /says 0 in field 5/],
    ['goes on in HTTP', [Buffer.from('GET / HTTP/1.1\r\nhost: h\r\n\r\n')], /of type 32 takes 4670804 bytes/],
    ['goes on in TLS', [Buffer.from([0x16, 3, 1, 0, 0xc0, 1, 0, 0, 0xbc, 3, 3])], /of type 0 takes 1442561 bytes/],
  ])('closes the connection of one who %s, and says so', async (_, bytes, reason) => {
    await expectClosed(raw(MAGIC, ...bytes), reason);
  });

  // Each has a stream open, 1, and a call under way, 2.
  it.each<[string, readonly Uint8Array[], RegExp]>([
    ['greets twice', [greeting().subarray(8)], /greets twice/],
    ['uses an id again', [callFrame(3, '/echo', byte), callFrame(3, '/echo', byte)], /id 3 was used/],
    ['uses the id of a stream again', [callFrame(1, '/echo', byte)], /id 1 was used/],
    ['uses the id of a call again', [openFrame(2, '/hold')], /id 2 was used/],
    ['goes back in its ids', [callFrame(4, '/echo', byte), callFrame(3, '/echo', byte)], /id 3 was used/],
    ['calls with the id 0', [callFrame(0, '/echo', byte)], /id 0 was used/],
    ['calls with an id beyond the last one', [callFrame(STREAMS_ID, '/wait', byte)], /2147483648 is beyond/],
    ['opens with an id beyond the last one', [openFrame(ALL, '/hold')], /4294967295 is beyond/],
    ['cancels what was never begun', [frame(FrameType.CANCEL, 7)], /7, which was never begun/],
    ['ends what was never begun', [frame(FrameType.END, 7)], /7, which was never begun/],
    ['grants for what was never begun', [frame(FrameType.CREDIT, 7, number(1))], /7, which was never begun/],
    ['sends a message of what was never begun', [frame(FrameType.MESSAGE, 7)], /7, which was never begun/],
    ['sends a message of no stream', [frame(FrameType.MESSAGE, 0)], /0, which was never begun/],
    ['says more after its end', [frame(FrameType.END, 1), frame(FrameType.MESSAGE, 1)], /more after its end/],
    ['names a head it never said', [frame(FrameType.CALL, 3, opening([7 * 4 + 3]))], /never said/],
    ['names a header it never said', [frame(FrameType.CALL, 3, opening([7 * 4 + 2]))], /never said/],
    ['names a header by an unknown number', [frame(FrameType.CALL, 3, opening([0xfc, 0x03, 0]))], /unknown number/],
    ['has a head remembered out of bounds', [frame(FrameType.CALL, 3, opening([0xff, 0x7f, 4, 1, 47]))], /at 4095/],
    ['sends a head without a path', [frame(FrameType.CALL, 3, opening([]))], /no path/],
    ['sends a head longer than its frame', [frame(FrameType.OPEN, 3, Buffer.from([0, 9]))], /longer than its frame/],
    ['sends a call without a head', [frame(FrameType.CALL, 3)], /number is malformed/],
    ['says a number that is too large', [frame(FrameType.CREDIT, 1, Buffer.alloc(5, 0xff))], /number is malformed/],
    ['grants nothing at all', [frame(FrameType.CREDIT, 1)], /number is malformed/],
    ['announces too long a call', [callFrame(3, '/echo', LIMIT + 1)], /takes 2097153 bytes/],
    ['announces too long a message', [frame(FrameType.MESSAGE | MORE, 1, number(ALL))], /takes 4294967295 bytes/],
    ['sends a piece of no message', [frame(FrameType.DATA, 2, byte)], /belongs to no message/],
    ['repeats the last piece', [callFrame(3, '/echo', 1), ...twice(frame(FrameType.DATA, 3, byte))], /no message of 3/],
    ['sends too much', [callFrame(3, '/echo', 5), frame(FrameType.DATA, 3, Buffer.alloc(6))], /longer than it said/],
    ['sends too little', [callFrame(3, '/echo', 5), frame(FrameType.DATA, 3, Buffer.alloc(4))], /shorter than it said/],
    ['begins within another', twice(frame(FrameType.MESSAGE | MORE, 1, number(20_000))), /within another/],
    ['has too much under way', times(20, (i) => callFrame(i + 3, '/echo', LIMIT)), /calls of more than 33554432 bytes/],
    ['sends more than it was granted', times(200, () => message(1, 16_000)), /more than it was granted/],
    ['grants calls what was not taken', [frame(FrameType.CREDIT, 0, number(5))], /more than was under way/],
    ['grants streams what was not taken', [frame(FrameType.CREDIT, STREAMS_ID, number(5))], /more than was under way/],
    ['answers', [frame(FrameType.ANSWER, 2)], /type 2, which is not the caller's/],
    ['fails a call', [frame(FrameType.ERROR, 2, Buffer.alloc(3))], /type 3, which is not the caller's/],
    ['refuses calls', [frame(FrameType.GOAWAY, 2)], /cannot refuse/],
    ['sends a frame that is too long', [frame(FrameType.CALL, 3, Buffer.alloc(200_000))], /takes 200000 bytes/],
    ['sends an optional frame that is too long', [frame(64, 0, Buffer.alloc(200_000))], /type 64 takes 200000 bytes/],
    ['sends the first unknown type', [frame(14, 1)], /unknown type 14/],
    ['sends the last unknown type', [frame(63 | MORE, 1)], /unknown type 63/],
    ['pings without end', times(200, () => PING), /more than 100 times/],
    ['pings with too much', [frame(FrameType.PING, 0, Buffer.alloc(65))], /ping takes 65 bytes/],
    ['closes for no reason', [frame(FrameType.CLOSE)], /number is malformed/],
  ])('closes the connection of one who %s, cancels its calls, and says so', async (_, bytes, reason) => {
    await expectClosed(raw(greeting(), openFrame(1, '/hold'), callFrame(2, '/wait', byte), ...bytes), reason, 2);
  });

  it.each<[string, readonly Uint8Array[]]>([
    ['ends a stream twice', twice(frame(FrameType.END, 1))],
    ['cancels twice', twice(frame(FrameType.CANCEL, 2))],
    ['cancels what was answered', [callFrame(3, '/echo', byte), frame(FrameType.CANCEL, 3)]],
    ['goes on with what it has cancelled', [frame(FrameType.CANCEL, 1), message(1, 9), frame(FrameType.END, 1)]],
    ['grants more than any number can say', times(9, () => frame(FrameType.CREDIT, 1, number(ALL)))],
    ['grants nothing', [frame(FrameType.CREDIT, 0, number(0)), frame(FrameType.CREDIT, STREAMS_ID, number(0))]],
    ['grants what is over', [frame(FrameType.CANCEL, 1), frame(FrameType.CREDIT, 1, number(5))]],
    ['takes a call for a stream', [message(2, 9), frame(FrameType.END, 2), frame(FrameType.CREDIT, 2, number(5))]],
    ['answers no ping', times(200, () => frame(FrameType.PONG))],
    ['leaves ids out', [callFrame(1_000, '/echo', byte)]],
    ['uses the last id of all', [callFrame(0x7fff_fffe, '/echo', byte)]],
  ])('puts up with one who %s', async (_, bytes) => {
    const socket = raw(greeting(), openFrame(1, '/hold'), callFrame(2, '/wait', byte), ...bytes);
    socket.send(callFrame(0x7fff_ffff, '/echo', Buffer.from('still here')));
    await eventually('it is answered', () => framesAt(socket).some(({ id }) => id === 0x7fff_ffff));
    expect(closingOf(framesAt(socket))).toBeUndefined();
    socket.socket.destroy();
    await expectNothingLeft(2);
  });

  it.each<[string, Uint8Array]>([
    ['a header', callFrame(3, '/echo', byte).subarray(0, 5)],
    ['a frame', callFrame(3, '/echo', byte).subarray(0, 12)],
    ['a message', callFrame(3, '/echo', 9)],
    ['a piece', Buffer.concat([callFrame(3, '/echo', 9), frame(FrameType.DATA, 3, Buffer.alloc(9)).subarray(0, 12)])],
  ])('cancels the calls of one who leaves within %s', async (_, bytes) => {
    const socket = raw(greeting(), openFrame(1, '/hold'), callFrame(2, '/wait', byte), bytes);
    await eventually('they are under way', () => held.length === 2);
    socket.socket.end();
    await socket.closed;
    await expectNothingLeft(2);
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
    ['as a text', Buffer.from('8d4d4553480a1a00', 'hex')],
    ['with its highest bits cleared', Buffer.from('0d4d4553480d0a1a', 'hex')],
    ['short of one byte', Buffer.concat([MAGIC.subarray(0, 7), PING])],
  ])('answers in HTTP when the beginning has come %s', async (_, bytes) => {
    const socket = raw(bytes, greeting().subarray(8));
    await socket.closed;
    expect(socket.text).toMatch(/^HTTP\/1.1 400 /);
    await expectNothingLeft(0);
  });

  it.each([
    ['nothing but the magic', MAGIC],
    ['half of a greeting', greeting().subarray(0, 20)],
    ['what may be skipped, and no greeting', Buffer.concat([MAGIC, frame(64), frame(127)])],
  ])('closes a connection that says %s, after a while', async (_, bytes) => {
    const impatient = await transport.listen({ host: '127.0.0.1', port: 0, handshakeTimeoutMs: 100 }, acceptor);
    onTestFinished(() => impatient.destroy());
    const socket = new RawSocket(impatient.address);
    socket.send(bytes);
    await socket.closed;
  });

  it('bounds the messages that nobody reads any more', async () => {
    const socket = raw(greeting());
    for (let id = 1; id <= 17; id++) {
      const large = frame(FrameType.MESSAGE | MORE, id, number(LIMIT));
      socket.send(Buffer.concat([openFrame(id, '/hold'), frame(FrameType.CANCEL, id), large]));
    }
    await expectClosed(socket, /large messages of streams of more than 33554432 bytes are under way/, 17);
  });
});

/** A message that stands in its frame. */
function message(id: number, bytes: number): Buffer {
  return frame(FrameType.MESSAGE, id, Buffer.alloc(bytes));
}

/** What a call or stream begins with whose head is these bytes. */
function opening(head: readonly number[]): Buffer {
  return openingWith(Buffer.from(head)).written;
}

function twice(bytes: Buffer): Buffer[] {
  return [bytes, bytes];
}

function times(count: number, bytes: (index: number) => Buffer): Buffer[] {
  return Array.from({ length: count }, (_, index) => bytes(index));
}
