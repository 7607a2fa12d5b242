import { connect, constants, createServer, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { GrpcStatus } from '../../../lib/errors/grpc-status.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { Header, PACKED } from '../../../lib/protocol/headers.js';
import { encodeFrame, FrameReader } from '../../../lib/transport/grpc/frames.js';
import { GrpcTransport } from '../../../lib/transport/grpc/grpc-transport.js';
import { spentMemory } from '../../../lib/transport/spent-memory.js';
import { FrameType, MAGIC } from '../../../lib/transport/link/wire.js';
import type { Connection, InboundCall, Listener, OutboundCall, SharedHead } from '../../../lib/transport/transport.js';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import { callFrame, closingOf, frame, framesOf, greeting } from '../../support/tcp-frames.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

function headOf(urn: string): SharedHead {
  const headers = { [Header.URN]: urn, [Header.FORM]: PACKED };
  return { path: '/echo', headers: Object.assign(Object.create(null), headers) };
}

function packed(head: SharedHead, body = 'packed', cancellation = new Cancellation()): OutboundCall {
  const init = { path: head.path, headers: head.headers, body: Buffer.from(body), cancellation };
  const { series: _, ...call } = outbound(init);
  return { ...call, packed: head };
}

/** Calls that go through a tunnel are known by what the TCP protocol lets their answers be. */
function isTunnelled(call: InboundCall): boolean {
  return call.takesTails === true;
}

function bodyOf(call: InboundCall): string {
  return Buffer.from(call.body).toString();
}

function dial(address: string): Connection {
  const connection = new GrpcTransport(transportOptions()).dial(address);
  onTestFinished(() => connection.destroy());
  return connection;
}

/** Makes several calls at the same time, again and again, until the peer says that they come through a tunnel. */
async function dig(connection: Connection, head: SharedHead, isDug: () => boolean): Promise<void> {
  const several = () => Promise.all([1, 2, 3].map((n) => connection.call(packed(head, `${n}`))));
  await connection.call(outbound());
  for (let round = 0; !isDug(); round++) {
    if (round > 50) throw new Error('no tunnel was dug');
    await several();
  }
}

describe('tunnels', () => {
  const head = headOf('a.b');
  let listener: Listener;
  let seen: InboundCall[];
  let gates: (() => void)[];

  beforeEach(async () => {
    [seen, gates] = [[], []];
    listener = await new GrpcTransport(transportOptions()).listen({ host: '127.0.0.1', port: 0 }, (path) => {
      if (path === '/elsewhere') return () => Promise.reject(new Error('nobody was to come here'));
      return async (call) => {
        seen.push(call);
        if (bodyOf(call) === 'large') return Buffer.alloc(100_000, 'x');
        if (bodyOf(call) === 'wait') await new Promise<void>((resolve) => gates.push(resolve));
        return call.body;
      };
    });
    onTestFinished(() => listener.destroy());
  });

  const echoed = async (connection: Connection, call: OutboundCall) =>
    Buffer.from(await connection.call(call)).toString();

  it('are dug for packed calls of which several are under way at the same time', async () => {
    const connection = dial(listener.address);
    await dig(connection, head, () => seen.some(isTunnelled));
    seen = [];
    const bodies = Array.from({ length: 100 }, (_, n) => `${n}`);
    expect(await Promise.all(bodies.map((body) => echoed(connection, packed(head, body))))).toEqual(bodies);
    expect(seen.every(isTunnelled)).toBe(true);
    expect(seen.map(bodyOf)).toEqual(bodies);
    expect(new Set(seen.map(({ headers }) => headers)).size).toBe(1);
    expect(seen[0]).toMatchObject({ path: '/echo', headers: head.headers, peer: seen[0]!.peer });
    expect(seen[0]!.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it('leave node:http2 what it has read', async () => {
    const connection = dial(listener.address);
    await dig(connection, head, () => seen.some(isTunnelled));
    const givenBack = vi.spyOn(spentMemory, 'giveBack');
    onTestFinished(() => givenBack.mockRestore());
    const body = 'x'.repeat(100_000);
    const texts = await Promise.all([1, 2, 3].map(() => echoed(connection, packed(head, 'large'))));
    expect(texts).toEqual([body, body, body]);
    expect(givenBack).not.toHaveBeenCalled();
  });

  it('are not dug for calls that follow each other, nor for the heads of others', async () => {
    const connection = dial(listener.address);
    await connection.call(outbound());
    for (let n = 0; n < 10; n++) await connection.call(packed(head));
    expect(seen.some(isTunnelled)).toBe(false);
    await dig(connection, head, () => seen.some(isTunnelled));
    await connection.call(packed(headOf('c.d')));
    expect(isTunnelled(seen.at(-1)!)).toBe(false);
  });

  it('let no call wait for another, and carry cancellations of single calls', async () => {
    const connection = dial(listener.address);
    await dig(connection, head, () => seen.some(isTunnelled));
    const cancellation = new Cancellation();
    const cancelled = connection.call(packed(head, 'wait', cancellation));
    const waiting = echoed(connection, packed(head, 'wait'));
    await eventually('both wait', () => gates.length === 2);
    expect(await echoed(connection, packed(head, 'at once'))).toBe('at once');
    cancellation.cancel(new MeshError(MeshCode.CANCELLED, 'enough'));
    expect((await caught(cancelled)).code).toBe(MeshCode.CANCELLED);
    const first = seen.find((call) => bodyOf(call) === 'wait')!;
    await eventually('the handler is told', () => first.cancellation.reason !== undefined);
    for (const open of gates) open();
    expect(await waiting).toBe('wait');
    expect(seen.filter((call) => bodyOf(call) === 'wait').every(isTunnelled)).toBe(true);
  });

  it('are passed by with long bodies', async () => {
    const connection = dial(listener.address);
    await dig(connection, head, () => seen.some(isTunnelled));
    const long = 'x'.repeat(100_000);
    expect(await echoed(connection, packed(head, long))).toBe(long);
    expect(isTunnelled(seen.at(-1)!)).toBe(false);
  });

  it('are closed when they had no call for a while, and dug again', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const connection = dial(listener.address);
    const isTunnelling = () => seen.some(isTunnelled);
    await dig(connection, head, isTunnelling);
    vi.advanceTimersByTime(15_000);
    await connection.call(packed(head));
    expect(isTunnelled(seen.at(-1)!)).toBe(true);
    vi.advanceTimersByTime(30_000);
    await connection.call(packed(head));
    expect(isTunnelled(seen.at(-1)!)).toBe(false);
    seen = [];
    await dig(connection, head, isTunnelling);
  });

  it('end with the calls under way when the peer closes, and the caller learns of those it has not looked at', async () => {
    const connection = dial(listener.address);
    await dig(connection, head, () => seen.some(isTunnelled));
    const waiting = echoed(connection, packed(head, 'wait'));
    await eventually('it waits', () => gates.length === 1);
    const closed = listener.close();
    for (const open of gates) open();
    expect(await waiting).toBe('wait');
    await closed;
    expect(await caught(connection.call(packed(head)))).toMatchObject({ neverSent: true });
  });

  it('fail what is under way when the connection is lost', async () => {
    const connection = dial(listener.address);
    await dig(connection, head, () => seen.some(isTunnelled));
    const waiting = connection.call(packed(head, 'wait'));
    await eventually('it waits', () => gates.length === 1);
    listener.destroy();
    expect((await caught(waiting)).code).toBe(MeshCode.UNREACHABLE);
    expect(connection.pending).toBe(0);
  });

  describe('of strangers', () => {
    let session: ClientHttp2Session;

    beforeEach(() => {
      session = connect(`http://${listener.address}`);
      session.on('error', () => undefined);
      onTestFinished(() => session.destroy());
    });

    function open(headers: Readonly<Record<string, string>> = {}): { stream: ClientHttp2Stream; came: () => Buffer } {
      const opening = { ':method': 'POST', ':path': '/echo', 'content-type': 'application/grpc', ...headers };
      const stream = session.request({ ...opening, [Header.TUNNEL]: '1' }, { endStream: false });
      const reader = new FrameReader(1_000_000);
      let came = Buffer.alloc(0);
      stream
        .on('error', () => undefined)
        .on('data', (chunk: Buffer) => {
          reader.push(chunk);
          for (let message = reader.next(); message; message = reader.next())
            came = Buffer.concat([came, message.body]);
        });
      return { stream, came: () => came };
    }

    it('serve the path and headers that opened them, whatever their frames say', async () => {
      const { stream, came } = open({ [Header.URN]: 'seen.by.proxies' });
      const bytes = Buffer.concat([greeting(), callFrame(1, '/elsewhere', Buffer.from('hi'))]);
      // The bounds of messages mean nothing.
      for (let at = 0; at < bytes.length; at += 7) stream.write(encodeFrame(bytes.subarray(at, at + 7)));
      await eventually('it is answered', () => framesOf(came()).some(({ type }) => type === FrameType.ANSWER));
      expect(seen.map(({ path, headers }) => [path, headers[Header.URN]])).toEqual([['/echo', 'seen.by.proxies']]);
      expect(seen[0]!.headers).not.toHaveProperty(Header.TUNNEL);
    });

    it('are closed for what breaks the protocol, and the connection lives on', async () => {
      const { stream, came } = open();
      const closed = new Promise((resolve) => stream.once('close', resolve));
      stream.write(encodeFrame(Buffer.concat([MAGIC, frame(FrameType.CALL, 1)])));
      await closed;
      expect(closingOf(framesOf(came()))?.code).toBe(MeshCode.ENCODING);
      const garbled = open().stream;
      const gone = new Promise((resolve) => garbled.once('close', resolve));
      garbled.write(Buffer.from([7, 0, 0, 0, 1]));
      await gone;
      const next = open();
      next.stream.write(encodeFrame(greeting()));
      await eventually('it is greeted', () => framesOf(next.came()).length > 0);
    });

    it('are bounded in number', async () => {
      for (let n = 0; n < 64; n++) open().stream.write(encodeFrame(greeting()));
      const { stream } = open();
      const status = await new Promise((resolve) =>
        stream.once('response', (headers) => resolve(headers['grpc-status'])),
      );
      expect(status).toBe(`${GrpcStatus.RESOURCE_EXHAUSTED}`);
    });
  });
});

describe('where something lets no tunnel through', () => {
  it.each<[string, (stream: import('node:http2').ServerHttp2Stream) => void]>([
    ['and says so', (stream) => stream.respond({ ':status': 404 }, { endStream: true })],
    ['and resets it', (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
    ['and ends it well', (stream) => stream.respond({ ':status': 200, 'grpc-status': '0' }, { endStream: true })],
    [
      'and answers with something else',
      (stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        stream.write(encodeFrame(Buffer.from('what is this?')));
      },
    ],
  ])('%s, calls go as they did before', async (_, refuse) => {
    let refused = 0;
    const server = createServer();
    server.on('session', (session) => onTestFinished(() => session.destroy()));
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      if (headers[Header.TUNNEL] === '1') return void (refused++, refuse(stream));
      const says = { [Header.CALL_STREAMS]: '1', [Header.FORMS]: PACKED, [Header.TUNNEL]: '1' };
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...says }, { waitForTrailers: true });
      const reader = new FrameReader(1_000_000);
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' })).on('end', () => stream.end());
      stream.on('data', (chunk: Buffer) => {
        reader.push(chunk);
        for (let call = reader.next(); call; call = reader.next()) stream.write(encodeFrame(call.body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const connection = dial(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    const head = headOf('a.b');
    await dig(connection, head, () => refused > 0);
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(['1', '2', '3'].map((body) => connection.call(packed(head, body))));
      expect(answers.map(String)).toEqual(['1', '2', '3']);
    }
    expect(refused).toBe(1);
  });
});
