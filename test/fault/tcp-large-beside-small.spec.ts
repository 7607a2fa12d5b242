import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cancellation } from '../../lib/context/cancellation.js';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { MeshError } from '../../lib/errors/mesh-error.js';
import type { Pingable } from '../../lib/transport/keepalive.js';
import { AHEAD_BYTES } from '../../lib/transport/link/large-messages.js';
import { LEAST_UNDER_WAY, UNPACED_BYTES } from '../../lib/transport/link/pace.js';
import { LinkCall } from '../../lib/transport/link/outbound-link.js';
import { TcpTransport } from '../../lib/transport/tcp/tcp-transport.js';
import { FrameType, HEADER_BYTES, MAGIC, MORE, PIECE_BYTES } from '../../lib/transport/link/wire.js';
import type { Acceptor, Connection, Listener } from '../../lib/transport/transport.js';
import { eventually, settled } from '../support/eventually.js';
import { LinkReader } from '../support/link-reader.js';
import { callFrame, framesOf, greeting } from '../support/tcp-frames.js';
import { dialLink, serveLink } from '../support/tcp-links.js';
import { outbound, transportOptions } from '../support/transport-fixtures.js';

const LARGE = 64 * 1024 * 1024;

/** Small calls, one after the other, that have to get through while one large message is under way. */
const AT_LEAST = 3;

const acceptor: Acceptor = (path) => async (call) => {
  if (path === '/swallow') return Buffer.of(1);
  return path === '/large' ? Buffer.alloc(LARGE) : call.body;
};

describe('a message of 64 MiB on a TCP connection', () => {
  const options = transportOptions({}, { maxMessageBytes: LARGE });
  const transport = new TcpTransport(options);
  let listener: Listener;
  let connection: Connection;

  beforeAll(async () => {
    listener = await transport.listen({ host: '127.0.0.1', port: 0 }, acceptor);
    connection = transport.dial(listener.address);
  });

  afterAll(() => {
    connection.destroy();
    listener.destroy();
  });

  it.each([
    ['to the server', () => connection.call(outbound({ path: '/swallow', body: Buffer.alloc(LARGE) }))],
    ['to the caller', () => connection.call(outbound({ path: '/large' }))],
  ])('on its way %s lets small calls through beside it', async (way, start) => {
    await connection.call(outbound());
    let phase: 'under way' | 'over' = 'under way';
    const large = start().then(() => (phase = 'over'));
    const delays: number[] = [];
    for (;;) {
      const begin = performance.now();
      await connection.call(outbound());
      if ((phase as string) === 'over') break;
      delays.push(performance.now() - begin);
    }
    await large;
    delays.sort((a, b) => a - b);
    const at = (share: number): string => (delays[Math.floor(share * (delays.length - 1))] ?? NaN).toFixed(2);
    console.log(`64 MiB ${way}: ${delays.length} small calls beside it, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
    expect(delays.length).toBeGreaterThan(AT_LEAST);
  });
});

/** What a side writes to a peer who reads slowly: a large message, and small frames beside it. */
interface Way {
  readonly link: Pingable;
  readonly socket: Socket;
  readonly peer: Socket;
  /** Bytes before the first frame. */
  readonly skip: number;
  /** What the large message and the small frames begin with. */
  readonly type: number;
  /** Asks for a small frame. @param due told when it is due */
  readonly ask: (due: () => void) => void;
}

async function toTheCaller(bytes: number): Promise<Way> {
  let isDue = (): void => undefined;
  const acceptor: Acceptor = (path) => async () => {
    if (path === '/large') return Buffer.alloc(bytes);
    isDue();
    return Buffer.of(1);
  };
  const { link, socket, peer } = await serveLink(acceptor, { maxMessageBytes: bytes });
  const hello = greeting({ maxMessageBytes: bytes, bulkBytes: bytes });
  peer.write(Buffer.concat([hello, callFrame(1, '/large', Buffer.alloc(0))]));
  let id = 1;
  const ask = (due: () => void): void => {
    isDue = due;
    peer.write(callFrame(++id, '/small', Buffer.alloc(0)));
  };
  return { link, socket, peer, skip: 0, type: FrameType.ANSWER, ask };
}

async function toTheServer(bytes: number): Promise<Way> {
  const { link, socket, peer } = await dialLink({ maxMessageBytes: bytes, bulkBytes: bytes });
  const nothing = (): void => undefined;
  const untold = { answered: nothing, failed: nothing };
  const send = (body: Uint8Array): void => link.send(new LinkCall(outbound({ body }), untold, nothing));
  send(Buffer.alloc(bytes));
  const ask = (due: () => void): void => {
    due();
    send(Buffer.of(1));
  };
  return { link, socket, peer, skip: MAGIC.length, type: FrameType.CALL, ask };
}

/** Headers, and small frames that were due before. */
const SLACK = 4_096;

describe('a small frame beside a large message on a TCP connection', () => {
  const size = 32 * 1024 * 1024;
  const every = 1024 * 1024;

  it.each([
    ['to a caller', toTheCaller],
    ['to a server', toTheServer],
  ])('waits for no more than is ahead of it on its way %s who reads slowly', async (_, begin) => {
    const { socket, peer, skip, type, ask } = await begin(size);
    new LinkReader(peer, skip).answerMarks();
    const seen: Buffer[] = [];
    let read = 0;
    /** What the network had taken when each small frame was due. */
    const taken: number[] = [];
    await new Promise<void>((resolve) => {
      peer.on('data', (chunk: Buffer) => {
        seen.push(chunk);
        const before = read;
        read += chunk.length;
        if (read > size) return resolve();
        if (Math.floor(before / every) < Math.floor(read / every)) {
          ask(() => taken.push(socket.bytesWritten - socket.writableLength));
        }
        peer.pause();
        setTimeout(() => peer.resume(), 1);
      });
    });
    const places = placesOf(Buffer.concat(seen).subarray(skip), skip);
    const last = places.findLast((place) => (place.type & ~MORE) === FrameType.DATA)?.at ?? 0;
    const small = places.filter((place) => place.type === type && place.at < last);
    expect(places.some((place) => place.type === (type | MORE))).toBe(true);
    expect(small.length).toBeGreaterThan(AT_LEAST);
    const ahead = small.map(({ at }, index) => at - (taken[index] ?? NaN));
    expect(Math.max(...ahead)).toBeLessThan(AHEAD_BYTES + PIECE_BYTES + SLACK);
  });
});

describe('a large message on a TCP connection', () => {
  const ways = [
    ['to a caller', toTheCaller],
    ['to a server', toTheServer],
  ] as const;

  it.each(ways)(
    'goes no further %s than the other side has said to have read, and small ones pass it',
    async (_, begin) => {
      const size = 32 * 1024 * 1024;
      const { peer, skip, type, ask } = await begin(size);
      const reader = new LinkReader(peer, skip);
      const atFirst = await settled(() => reader.pieces);
      expect(atFirst).toBeGreaterThan(PIECE_BYTES);
      expect(atFirst).toBeLessThan(LEAST_UNDER_WAY + PIECE_BYTES);
      ask(() => undefined);
      await eventually('the small one has come', () => reader.whole(type).length > 0);
      expect(reader.pieces).toBe(atFirst);
      reader.answerMarks();
      await eventually('the large one has come', () => reader.pieces === size);
    },
  );

  it.each(ways)('goes on %s who answers only the last of the pings that came while it was full', async (_, begin) => {
    const size = 32 * 1024 * 1024;
    const { link, peer, skip } = await begin(size);
    const reader = new LinkReader(peer, skip);
    await settled(() => reader.pieces);
    let isAnswered = false;
    link.ping(() => (isAnswered = true));
    await settled(() => reader.whole(FrameType.PING).length);
    reader.answerMarks();
    await eventually('the large one has come', () => reader.pieces === size);
    expect(isAnswered).toBe(true);
  });

  it.each(ways)('waits for nobody %s where it is not that large', async (_, begin) => {
    const { peer, skip } = await begin(UNPACED_BYTES);
    const reader = new LinkReader(peer, skip);
    await eventually('it has come', () => reader.pieces === UNPACED_BYTES);
    expect(reader.whole(FrameType.PING)).toEqual([]);
  });

  it('leaves what comes behind it to go on when it is broken off', async () => {
    const size = 32 * 1024 * 1024;
    const { link, peer } = await dialLink({ maxMessageBytes: size, bulkBytes: 2 * size });
    const reader = new LinkReader(peer, MAGIC.length);
    const nothing = (): void => undefined;
    const untold = { answered: nothing, failed: nothing };
    const cancellation = new Cancellation();
    link.send(new LinkCall(outbound({ body: Buffer.alloc(size), cancellation }), untold, nothing));
    const atFirst = await settled(() => reader.pieces);
    link.send(new LinkCall(outbound({ body: Buffer.alloc(PIECE_BYTES) }), untold, nothing));
    cancellation.cancel(new MeshError(MeshCode.CANCELLED, 'not wanted'));
    reader.answerMarks();
    await eventually('the second has come', () => reader.lastPieces === 1);
    expect(reader.pieces).toBeLessThan(atFirst + 2 * LEAST_UNDER_WAY);
  });
});

/** The frames in what has come, and where each begins. */
function placesOf(bytes: Buffer, skip: number): { readonly type: number; readonly at: number }[] {
  let at = skip;
  return framesOf(bytes).map(({ type, payload }) => {
    const place = { type, at };
    at += HEADER_BYTES + payload.length;
    return place;
  });
}
