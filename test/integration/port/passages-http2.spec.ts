import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { eventually, settled } from '../../support/eventually.js';
import { RawSocket } from '../../support/raw-socket.js';
import { chunks, echo, endless, listenForPassages, said, textOf } from '../../support/passages.js';

const HELD_AT_MOST = 8 * 1024 * 1024;

function sessionTo(address: string): ClientHttp2Session {
  const session = connect(`http://${address}`).on('error', () => undefined);
  onTestFinished(() => session.destroy());
  return session;
}

interface Answered {
  readonly headers: IncomingHttpHeaders;
  readonly stream: ClientHttp2Stream;
}

function answerOf(stream: ClientHttp2Stream): Promise<Answered> {
  stream.on('error', () => undefined);
  return new Promise((resolve) => stream.on('response', (headers) => resolve({ headers, stream })));
}

function trailersOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  return new Promise((resolve) => stream.on('trailers', resolve));
}

/** Ends when the stream is closed, with the code that it was closed with. */
function closed(stream: ClientHttp2Stream): Promise<number | undefined> {
  return new Promise((resolve) => stream.on('close', () => resolve(stream.rstCode)));
}

const grpc = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };

describe('passages over HTTP/2', () => {
  it('hands a request on as it comes, and trailers both ways', async () => {
    const { address, seen } = await listenForPassages(echo);
    const head = { ':method': 'PUT', ':path': '/a?b', 'x-a': 'b', cookie: 'c=d' };
    const stream = sessionTo(address).request(head, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7' }));
    stream.end('hello');
    const behind = trailersOf(stream);
    const answer = await answerOf(stream);
    expect(answer.headers).toMatchObject({ ':status': 200, 'x-asked': 'PUT /a?b' });
    expect(await textOf(answer.stream)).toBe('hello');
    expect(await behind).toMatchObject({ 'x-sum': '7' });
    expect(seen[0]).toMatchObject({ wire: 'http', version: '2', scheme: 'http', length: undefined, query: 'b' });
    expect(seen[0]!.headers).toMatchObject({ host: address, 'x-a': 'b', cookie: 'c=d' });
    expect(Object.keys(seen[0]!.headers).filter((name) => name.startsWith(':'))).toEqual([]);
  });

  it('hands on gRPC as it comes: bytes, metadata, trailers, deadline', async () => {
    const { address, seen } = await listenForPassages(async ({ body }) => ({
      status: 200,
      headers: { 'content-type': 'application/grpc', 'x-first': '1' },
      body,
      trailers: () => ({ 'grpc-status': '9', 'grpc-message': 'not%20now', 'x-bin': 'AAE=' }),
    }));
    const head = { ...grpc, ':path': '/pkg.Service/Call', 'grpc-timeout': '5S', 'k-bin': 'AAE' };
    const stream = sessionTo(address).request(head);
    stream.end(Buffer.of(0, 0, 0, 0, 1, 7));
    const behind = trailersOf(stream);
    const answer = await answerOf(stream);
    expect(answer.headers).toMatchObject({ ':status': 200, 'x-first': '1' });
    const parts: Buffer[] = [];
    for await (const part of answer.stream) parts.push(part as Buffer);
    expect(Buffer.concat(parts)).toEqual(Buffer.of(0, 0, 0, 0, 1, 7));
    expect(await behind).toMatchObject({ 'grpc-status': '9', 'grpc-message': 'not%20now', 'x-bin': 'AAE=' });
    const [passage] = seen;
    expect(passage).toMatchObject({ wire: 'grpc', contentType: 'application/grpc', method: 'POST' });
    expect(passage!.headers).toMatchObject({ 'k-bin': 'AAE', 'grpc-timeout': '5S', te: 'trailers' });
    expect(passage!.deadline - Date.now()).toBeGreaterThan(3_000);
  });

  it('answers gRPC with nothing but its status where the answer begins with it', async () => {
    const headers = { 'content-type': 'application/grpc', 'grpc-status': '5' };
    const { address } = await listenForPassages(async () => said('', { headers, body: chunks() }));
    const stream = sessionTo(address).request({ ...grpc, ':path': '/p/M' });
    const answer = await new Promise<[IncomingHttpHeaders, number]>((resolve) =>
      stream.on('response', (got, flags) => resolve([got, flags])),
    );
    expect(answer[0]).toMatchObject({ 'grpc-status': '5' });
    expect(answer[1] & 1).toBe(1);
  });

  it('tells gRPC of an error in trailers, before the answer and within it, and of a deadline', async () => {
    const { address, seen } = await listenForPassages(async ({ path }) => {
      if (path === '/p/Before') throw new MeshError(MeshCode.NO_INSTANCE, 'nobody is there');
      if (path === '/p/Never') return new Promise(() => undefined);
      return said('', { headers: { 'content-type': 'application/grpc' }, body: broken() });
    });
    const session = sessionTo(address);
    const before = await answerOf(session.request({ ...grpc, ':path': '/p/Before' }));
    expect(before.headers).toMatchObject({ 'grpc-status': '14', 'grpc-message': 'nobody%20is%20there' });
    const within = session.request({ ...grpc, ':path': '/p/Within' });
    within.resume();
    expect(await trailersOf(within)).toMatchObject({ 'grpc-status': '14', 'grpc-message': 'the%20rest%20is%20lost' });
    const late = await answerOf(session.request({ ...grpc, ':path': '/p/Never', 'grpc-timeout': '50m' }));
    expect(late.headers).toMatchObject({ 'grpc-status': '4' });
    expect(seen.at(-1)!.cancellation.reason).toMatchObject({ code: 'E0000000601' });
  });

  it('resets a request whose answer breaks off', async () => {
    const { address } = await listenForPassages(async () => said('', { body: broken() }));
    const { stream } = await answerOf(sessionTo(address).request({ ':path': '/' }));
    expect(await closed(stream.resume())).toBe(2);
  });

  it.each([
    ['HEAD', {}],
    ['GET', { 'content-length': '0' }],
  ])('ends an answer to %s with the headers %j where it begins', async (method, headers) => {
    const { address } = await listenForPassages(async () => said('', { headers, body: chunks() }));
    const stream = sessionTo(address).request({ ':method': method, ':path': '/' });
    const flags = await new Promise<number>((resolve) => stream.on('response', (_, got) => resolve(got)));
    expect(flags & 1).toBe(1);
  });

  it('asks for a body that waits to be asked for', async () => {
    const { address } = await listenForPassages(async ({ body }) => said(await textOf(body)));
    const stream = sessionTo(address).request({ ':method': 'POST', ':path': '/', expect: '100-continue' });
    stream.on('continue', () => stream.end('late'));
    expect(await textOf((await answerOf(stream)).stream)).toBe('late');
  });

  it('reads no faster than it is taken, and sends no faster than it is read, without keeping others waiting', async () => {
    const [up, down] = [endless(), endless()];
    const { address, seen } = await listenForPassages(async ({ path }) => {
      if (path === '/up') return new Promise(() => undefined);
      return path === '/down' ? said('', { body: down.body }) : said('quick');
    });
    const session = sessionTo(address);
    const rising = session.request({ ':method': 'POST', ':path': '/up' });
    rising.on('error', () => undefined);
    void (async () => {
      for await (const chunk of up.body)
        if (!rising.write(chunk)) await new Promise((resolve) => rising.once('drain', resolve));
    })();
    await eventually('it is there', () => seen.length === 1);
    void seen[0]!.body[Symbol.asyncIterator]().next();
    (await answerOf(session.request({ ':path': '/down' }))).stream.pause();
    expect(await settled(() => up.taken + down.taken)).toBeLessThan(HELD_AT_MOST);
    expect(await textOf((await answerOf(session.request({ ':path': '/quick' }))).stream)).toBe('quick');
  });

  it('cancels when the caller resets, or is gone', async () => {
    const source = endless();
    const { address, seen, listener } = await listenForPassages(({ path }) =>
      path === '/wait' ? new Promise(() => undefined) : Promise.resolve(said('', { body: source.body })),
    );
    const session = sessionTo(address);
    const stream = session.request({ ':path': '/wait' });
    stream.on('error', () => undefined);
    await eventually('it is there', () => seen.length === 1);
    expect(listener.pending).toBe(1);
    stream.close(8);
    await eventually('it is cancelled', () => seen[0]!.cancellation.reason?.code === MeshCode.CANCELLED);
    await answerOf(session.request({ ':path': '/endless' }));
    session.destroy();
    await eventually('the answer is left', () => source.left);
    await eventually('nothing is pending', () => listener.pending === 0);
  });

  it.each([0, 8])('tells whoever reads a body that it broke off with the code %i', async (code) => {
    let failure: unknown;
    const { address, seen } = await listenForPassages(async ({ body }) => {
      await textOf(body).catch((error: unknown) => (failure = error));
      return said('');
    });
    // Node's own client says that a body has ended, even when it breaks it off.
    const raw = new RawSocket(address);
    raw.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    raw.send(frame(4, 0, 0));
    raw.send(frame(1, 4, 1, 0x83, 0x86, 0x84, 0x01, 0x01, 0x68));
    raw.send(frame(0, 0, 1, 0x61, 0x62));
    await eventually('it is there', () => seen.length === 1);
    raw.send(frame(3, 0, 1, 0, 0, 0, code));
    await eventually('it is told', () => failure !== undefined);
    expect(failure).toMatchObject({ code: MeshCode.CANCELLED });
  });

  it('ends what is silent for too long, also when nobody reads', async () => {
    const source = endless();
    const { address, listener } = await listenForPassages(async () => said('', { body: source.body }), {
      idleTimeoutMs: 150,
    });
    const { stream } = await answerOf(sessionTo(address).request({ ':path': '/' }));
    stream.pause();
    const { stream: rpc } = await answerOf(sessionTo(address).request({ ...grpc, ':path': '/p/M' }));
    rpc.pause();
    await eventually('nothing is pending', () => listener.pending === 0);
  });

  it('answers what is under way when it closes, and cuts it off when it is destroyed', async () => {
    const gates: (() => void)[] = [];
    const { address, listener, seen } = await listenForPassages(async () => {
      await new Promise<void>((resolve) => gates.push(resolve));
      return said('done');
    });
    const session = sessionTo(address);
    const [first, second] = [session.request({ ':path': '/' }), session.request({ ':path': '/' })];
    const cut = closed(second!.on('error', () => undefined));
    await eventually('both are there', () => seen.length === 2);
    const shut = listener.close();
    gates[0]!();
    expect(await textOf((await answerOf(first!)).stream)).toBe('done');
    listener.destroy();
    await Promise.all([shut, cut]);
    expect([listener.pending, seen[1]!.cancellation.reason?.code]).toEqual([0, MeshCode.CANCELLED]);
  });

  it('is a service of gRPC to those who speak it', async () => {
    const { address } = await listenForPassages(async ({ body }) => ({
      status: 200,
      headers: { 'content-type': 'application/grpc' },
      body,
      trailers: () => ({ 'grpc-status': '0' }),
    }));
    const client = new Client(address, credentials.createInsecure());
    onTestFinished(() => client.close());
    const same = (bytes: Buffer): Buffer => bytes;
    const answer = await new Promise<Buffer | undefined>((resolve, reject) => {
      client.makeUnaryRequest(
        '/p/M',
        same,
        same,
        Buffer.from('hello'),
        new Metadata(),
        (error: ServiceError | null, got) => (error ? reject(error) : resolve(got)),
      );
    });
    expect(String(answer)).toBe('hello');
  });
});

/** A frame of HTTP/2 (RFC 9113, 4.1). */
function frame(type: number, flags: number, stream: number, ...payload: readonly number[]): Buffer {
  return Buffer.of(0, 0, payload.length, type, flags, 0, 0, 0, stream, ...payload);
}

async function* broken(): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from('half');
  throw new MeshError(MeshCode.UNREACHABLE, 'the rest is lost');
}
