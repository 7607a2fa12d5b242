import { once } from 'node:events';
import {
  constants,
  connect,
  createServer,
  type ClientHttp2Session,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import {
  type AddressInfo,
  connect as connectSocket,
  createServer as createSocketServer,
  type Server,
  type Socket,
} from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import type { MeshError } from '../../lib/errors/mesh-error.js';
import { encodeFrame } from '../../lib/transport/grpc/frames.js';
import { GrpcTransport } from '../../lib/transport/grpc/grpc-transport.js';
import type { Connection, InboundCall, Listener } from '../../lib/transport/transport.js';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { outbound, transportOptions } from '../support/transport-fixtures.js';

async function bound(server: Server | Http2Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function dial(address: string, options: Parameters<typeof transportOptions>[0] = {}): Connection {
  const connection = new GrpcTransport(transportOptions(options)).dial(address);
  onTestFinished(() => connection.destroy());
  return connection;
}

/** A server that does with each stream what the test wants; `cut` breaks the wire. */
function http2Server(onStream: (stream: ServerHttp2Stream, cut: () => void) => void): Promise<string> {
  const server = createServer();
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => sockets.push(socket));
  server.on('session', (session) => onTestFinished(() => session.destroy()));
  server.on('sessionError', () => undefined);
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    onStream(stream, () => sockets.forEach((socket) => socket.resetAndDestroy()));
  });
  return bound(server);
}

/** A server below HTTP/2. */
function socketServer(onSocket: (socket: Socket) => void): Promise<string> {
  const server = createSocketServer((socket) => {
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    onSocket(socket);
  });
  return bound(server);
}

describe('a connection with several streams open', () => {
  it('can be destroyed by who hears that the peer has reset one of them', async () => {
    const address = await http2Server((stream) => {
      const headers = { ':status': 200, 'content-type': 'application/grpc', 'mesh-call-streams': '1' };
      stream.respond(headers, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' })).on('end', () => stream.end());
      stream.on('data', (chunk: Buffer) => {
        if (chunk.subarray(5).toString() === 'reset') stream.close(constants.NGHTTP2_CANCEL);
        else stream.write(chunk);
      });
    });
    const connection = dial(address);
    const call = (body: string) => connection.call(outbound({ body: Buffer.from(body) }));
    await call('first');
    await Promise.all(['1', '2', '3'].map(call));
    await expect(call('reset').finally(() => connection.destroy())).rejects.toMatchObject({
      code: MeshCode.UNREACHABLE,
    });
  });
});

const modes = ['unary', 'stream'] as const;

describe.each(modes)('a connection in mode %s', (mode) => {
  it('says that what answers speaks no HTTP/2', async () => {
    const address = await socketServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await caught(dial(address, { mode }).call(outbound()))).toMatchObject({
      code: MeshCode.ADDRESS_UNREACHABLE,
      neverSent: true,
    });
  });

  it('waits no longer than the deadline for what accepts and says nothing', async () => {
    const address = await socketServer(() => undefined);
    expect((await caught(dial(address, { mode }).call(outbound({ timeoutMs: 40 })))).code).toBe(MeshCode.TIMEOUT);
  });

  it('waits for a connection that comes up slowly', async () => {
    const real = await http2Server((stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(encodeFrame(Buffer.from('late')));
    });
    const slow = await socketServer((socket) => {
      socket.pause();
      setTimeout(() => {
        const upstream = connectSocket(Number(real.split(':')[1]), '127.0.0.1');
        upstream.on('error', () => undefined);
        socket.pipe(upstream).pipe(socket);
      }, 80);
    });
    expect(Buffer.from(await dial(slow, { mode }).call(outbound())).toString()).toBe('late');
  });

  it('fails at once, not at the deadline, while nobody is there, and comes back when somebody is', async () => {
    const server = createServer();
    const address = await bound(server);
    await new Promise((resolve) => server.close(resolve));
    const connection = dial(address, { mode, reconnectMinMs: 40, reconnectMaxMs: 40 });
    for (let i = 0; i < 5; i++) {
      const error = await caught(connection.call(outbound({ timeoutMs: 600_000 })));
      expect(error).toMatchObject({ code: MeshCode.ADDRESS_UNREACHABLE, neverSent: true });
    }
  });

  it.each([
    ['reset', (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR), false],
    ['refused', (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM), true],
    ['lost with its connection', (_: ServerHttp2Stream, cut: () => void) => cut(), false],
    ['ended by a goodbye with an error', (stream: ServerHttp2Stream) => stream.session?.destroy(undefined, 2), false],
  ])('says of a call that was %s whether it may be repeated', async (_how, deal, neverSent) => {
    const address = await http2Server((stream, cut) => void deal(stream, cut));
    expect(await caught(dial(address, { mode }).call(outbound()))).toMatchObject({
      code: MeshCode.UNREACHABLE,
      neverSent,
    });
  });

  it.each([
    [404, MeshCode.NO_SERVICE],
    [403, MeshCode.FORBIDDEN],
    [503, MeshCode.UNREACHABLE],
    [200, MeshCode.SYSTEM_ERROR],
  ])('makes sense of HTTP status %d with a page and no gRPC status', async (status, code) => {
    const address = await http2Server((stream) => {
      stream.respond({ ':status': status, 'content-type': 'text/html' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-none': '' }));
      stream.end(status === 200 ? undefined : '<html>');
    });
    expect((await caught(dial(address, { mode }).call(outbound()))).code).toBe(code);
  });

  it.each([
    ['over the limit', Buffer.from([0, 255, 255, 255, 255, 1]), MeshCode.MESSAGE_TOO_LONG],
    ['malformed', Buffer.from([9, 0, 0, 0, 0]), MeshCode.ENCODING],
    ['compressed in no known way', Buffer.from([1, 0, 0, 0, 1, 97]), MeshCode.ENCODING],
  ])('refuses an answer that is %s, and calls on', async (_what, bytes, code) => {
    let answers = 0;
    const address = await http2Server((stream) => {
      stream.respond({ ':status': 200, 'grpc-encoding': 'x-zip' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(answers++ === 0 ? bytes : encodeFrame(Buffer.from('fine')));
    });
    const connection = dial(address, { mode });
    expect((await caught(connection.call(outbound()))).code).toBe(code);
    // A stream that the server ended meanwhile takes no more calls; the first to find out says that it was not sent.
    const next = (): Promise<Uint8Array> => connection.call(outbound());
    expect(await next().catch((error: MeshError) => (error.neverSent ? next() : Promise.reject(error)))).toHaveLength(
      4,
    );
  });

  it('unpacks an answer that is compressed', async () => {
    const text = 'mesh '.repeat(1_000);
    const address = await http2Server((stream) => {
      const packed = encodeFrame(gzipSync(text));
      packed[0] = 1;
      stream.respond({ ':status': 200, 'grpc-encoding': 'gzip' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(packed);
    });
    expect(Buffer.from(await dial(address, { mode }).call(outbound())).toString()).toBe(text);
  });

  it('takes one answer for a call', async () => {
    const address = await http2Server((stream) => {
      stream.respond({ ':status': 200 });
      stream.write(Buffer.concat([encodeFrame(Buffer.from('one')), encodeFrame(Buffer.from('two'))]));
    });
    const outcome = await dial(address, { mode })
      .call(outbound({ timeoutMs: 5_000 }))
      .then(String, (error: { code: string }) => error.code);
    expect(outcome).toBe(mode === 'unary' ? MeshCode.ENCODING : 'one');
  });

  it('leaves a connection whose server says goodbye, and lets the calls on it end', async () => {
    const streams: ServerHttp2Stream[] = [];
    const address = await http2Server((stream) => streams.push(stream));
    const connection = dial(address, { mode });
    const first = connection.call(outbound());
    await eventually('the first has arrived', () => streams.length === 1);
    streams[0]?.session?.goaway();
    // Who answers has read what came before.
    await new Promise((resolve) => streams[0]?.session?.ping(resolve));
    const second = connection.call(outbound());
    await eventually('the second has arrived', () => streams.length === 2);
    expect(streams[1]?.session).not.toBe(streams[0]?.session);
    for (const stream of streams) {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(encodeFrame(Buffer.from('bye')));
    }
    expect((await Promise.all([first, second])).map(String)).toHaveLength(2);
  });

  it('notices that its peer is gone without a word', async () => {
    let arrived = 0;
    const address = await http2Server(() => arrived++);
    let silent = false;
    const tunnel = await socketServer((socket) => {
      const upstream = connectSocket(Number(address.split(':')[1]), '127.0.0.1');
      upstream.on('error', () => undefined).on('data', (bytes) => silent || socket.write(bytes));
      socket.on('data', (bytes) => silent || upstream.write(bytes));
    });
    const connection = dial(tunnel, { mode, keepaliveTimeMs: 40, keepaliveTimeoutMs: 40 });
    const call = caught(connection.call(outbound({ timeoutMs: 4_000 })));
    await eventually('it has arrived', () => arrived === 1);
    silent = true;
    expect(await call).toMatchObject({ code: MeshCode.UNREACHABLE, neverSent: false });
  });
});

describe('a listener', () => {
  const seen: InboundCall[] = [];

  async function listen(): Promise<{ listener: Listener; session: ClientHttp2Session }> {
    seen.length = 0;
    const acceptor = (path: string) =>
      path === '/echo' ? async (call: InboundCall) => (seen.push(call), call.body) : undefined;
    const listener = await new GrpcTransport(transportOptions()).listen({ host: '127.0.0.1', port: 0 }, acceptor);
    const session = connect(`http://${listener.address}`);
    session.on('error', () => undefined);
    onTestFinished(() => {
      session.destroy();
      listener.destroy();
    });
    return { listener, session };
  }

  /** What a caller gets who sends these headers and this body. */
  function ask(
    session: ClientHttp2Session,
    headers: Record<string, string>,
    body?: Buffer,
  ): Promise<Record<string, unknown>> {
    const stream = session.request({
      ':path': '/echo',
      ':method': 'POST',
      'content-type': 'application/grpc',
      ...headers,
    });
    let outcome: Record<string, unknown> = {};
    const take = (more: object): void => void (outcome = { ...outcome, ...more });
    stream
      .on('response', take)
      .on('trailers', take)
      .on('error', () => undefined)
      .resume();
    stream.end(body);
    return new Promise((resolve) => stream.on('close', () => resolve(outcome)));
  }

  it.each([
    ['no POST', { ':method': 'GET' }, { ':status': 405 }],
    ['plain HTTP in it', { 'content-type': 'application/json' }, { ':status': 200 }],
    ['an unknown path', { ':path': '/unknown' }, { 'grpc-status': '12' }],
    ['an unknown encoding', { 'grpc-encoding': 'snappy' }, { 'grpc-status': '3' }],
  ])('answers a request with %s', async (_what, headers, expected) => {
    const { session } = await listen();
    const body = Buffer.from([1, 0, 0, 0, 1, 97]);
    expect(await ask(session, headers as Record<string, string>, body)).toMatchObject(expected);
    expect(await ask(session, {}, encodeFrame(Buffer.from('fine')))).toMatchObject({ 'grpc-status': '0' });
  });

  it.each([
    ['over the limit', Buffer.from([0, 255, 255, 255, 255]), '8'],
    ['malformed', Buffer.from([7, 0, 0, 0, 0]), '3'],
    ['cut off', Buffer.from([0, 0, 0, 0, 9, 97]), '3'],
    ['damaged where it is compressed', Buffer.from([1, 0, 0, 0, 1, 97]), '3'],
  ])('refuses a message that is %s, and serves on', async (_what, body, status) => {
    const { listener, session } = await listen();
    expect(await ask(session, { 'grpc-encoding': 'gzip' }, body)).toMatchObject({ 'grpc-status': status });
    expect(seen).toHaveLength(0);
    expect(listener.pending).toBe(0);
    expect(await ask(session, {}, encodeFrame(Buffer.from('fine')))).toMatchObject({ 'grpc-status': '0' });
  });

  it('survives bytes that are no HTTP/2', async () => {
    const { listener, session } = await listen();
    for (const bytes of [
      'GET / HTTP/1.1\r\n\r\n',
      '\0\0\0',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff',
    ]) {
      const socket = connectSocket(Number(listener.address.split(':')[1]), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.end(Buffer.from(bytes, 'latin1'));
      await new Promise((resolve) => socket.resume().on('close', resolve));
    }
    expect(await ask(session, {}, encodeFrame(Buffer.from('fine')))).toMatchObject({ 'grpc-status': '0' });
  });

  it('closes although somebody is connected who says nothing', async () => {
    const { listener } = await listen();
    const socket = connectSocket(Number(listener.address.split(':')[1]), '127.0.0.1').resume();
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('connect', resolve));
    await listener.close();
    socket.destroy();
  });

  it('closes although a caller opens a stream and sends nothing, and tells it that nothing was done', async () => {
    const { listener, session } = await listen();
    const stream = session.request({ ':path': '/echo', ':method': 'POST', 'content-type': 'application/grpc' });
    stream.on('error', () => undefined).resume();
    await once(session, 'connect');
    await new Promise((resolve) => session.ping(resolve));
    const closed = new Promise((resolve) => stream.on('close', () => resolve(stream.rstCode)));
    await listener.close();
    expect(await closed).toBe(constants.NGHTTP2_REFUSED_STREAM);
  });

  it('drops a caller that is gone without a word, and cancels its calls', async () => {
    const calls: InboundCall[] = [];
    const transport = new GrpcTransport(transportOptions({ keepaliveTimeMs: 40, keepaliveTimeoutMs: 40 }));
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, () => async (call) => {
      calls.push(call);
      return new Promise(() => undefined);
    });
    onTestFinished(() => listener.destroy());
    let silent = false;
    const tunnel = await socketServer((socket) => {
      const upstream = connectSocket(Number(listener.address.split(':')[1]), '127.0.0.1');
      upstream.on('error', () => undefined).on('data', (bytes) => silent || socket.write(bytes));
      socket.on('data', (bytes) => silent || upstream.write(bytes));
      onTestFinished(() => void upstream.destroy());
    });
    const call = caught(dial(tunnel).call(outbound({ timeoutMs: 3_000 })));
    await eventually('the call has arrived', () => calls.length === 1);
    silent = true;
    await eventually('the call is cancelled', () => calls[0]?.cancellation.reason?.code === MeshCode.CANCELLED);
    expect(listener.pending).toBe(0);
    void call;
  });
});

describe('an address', () => {
  it.each(['', 'host', 'host:', ':7304', 'host:0', 'host:65536', 'http://host:1', 'a b:1', '::1:7304'])(
    'of %o is refused',
    (address) => {
      expect(() => new GrpcTransport(transportOptions()).dial(address)).toThrow(
        expect.objectContaining({ code: MeshCode.ADDRESS_UNREACHABLE, neverSent: true }),
      );
    },
  );

  it('may be a name or IPv6', async () => {
    const transport = new GrpcTransport(transportOptions());
    const echo = () => async (call: InboundCall) => call.body;
    const four = await transport.listen({ host: '127.0.0.1', port: 0 }, echo);
    onTestFinished(() => four.destroy());
    expect(await dial(`localhost:${four.address.split(':')[1]}`).call(outbound())).toHaveLength(5);
    const six = await transport.listen({ host: '::1', port: 0 }, echo).catch(() => undefined);
    if (!six) return console.log('skipped: this machine has no IPv6 loopback');
    onTestFinished(() => six.destroy());
    expect(six.address).toMatch(/^\[::1\]:\d+$/);
    expect(await dial(six.address).call(outbound())).toHaveLength(5);
  });

  it('that cannot be resolved is unreachable', async () => {
    expect(await caught(dial('no-such-host.invalid:7304').call(outbound()))).toMatchObject({
      code: MeshCode.ADDRESS_UNREACHABLE,
      neverSent: true,
    });
  });
});
