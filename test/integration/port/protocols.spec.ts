import * as grpc from '@grpc/grpc-js';
import { request } from 'node:http';
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { listenOnPort } from '../../support/port.js';
import { RawSocket } from '../../support/raw-socket.js';

interface Http2Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function http2(address: string): ClientHttp2Session {
  const session = connect(`http://${address}`);
  onTestFinished(() => session.destroy());
  return session;
}

function ask(session: ClientHttp2Session, headers: Record<string, string>, body?: Uint8Array): Promise<Http2Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/echo', ...headers });
    const chunks: Buffer[] = [];
    let answer: IncomingHttpHeaders = {};
    stream.on('response', (received) => (answer = received)).on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve({ headers: answer, body: Buffer.concat(chunks).toString() })).on('error', reject);
    stream.end(body);
  });
}

function unary(address: string, path: string, body: string): Promise<string> {
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  const asIs = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, asIs, asIs, Buffer.from(body), (error, answer) =>
      error ? reject(error) : resolve(String(answer)),
    );
  });
}

describe('one port', () => {
  it('serves gRPC, HTTP/2 and HTTP/1.1 side by side', async () => {
    const { address, seen } = await listenOnPort();
    const text = await (await fetch(`http://${address}/echo?a=1`, { method: 'PUT', body: 'over 1.1' })).text();
    const two = await ask(http2(address), { ':method': 'POST', ':path': '/echo?b=2' }, Buffer.from('over 2'));
    expect([text, two.body, await unary(address, '/echo', 'over gRPC')]).toEqual(['over 1.1', 'over 2', 'over gRPC']);
    expect(seen.map(({ wire, method, path, query }) => [wire, method, path, query])).toEqual([
      ['http', 'PUT', '/echo', 'a=1'],
      ['http', 'POST', '/echo', 'b=2'],
      ['grpc', 'POST', '/echo', ''],
    ]);
    expect(seen.every(({ peer }) => /^127\.0\.0\.1:\d+$/.test(peer))).toBe(true);
  });

  it('serves gRPC and HTTP on one connection of HTTP/2', async () => {
    const { address, seen } = await listenOnPort();
    const session = http2(address);
    const frame = Buffer.from([0, 0, 0, 0, 2, 0x68, 0x69]);
    const head = { ':method': 'POST', 'content-type': 'application/grpc+proto', te: 'trailers' };
    const [plain, framed] = await Promise.all([
      ask(session, { ':method': 'POST', 'content-type': 'Text/Plain; charset=utf-8' }, Buffer.from('hi')),
      ask(session, head, frame),
    ]);
    expect(plain.body).toBe('hi');
    expect(plain.headers).toMatchObject({ ':status': 200, 'content-type': 'text/plain', 'x-answer': 'yes' });
    expect(framed.body).toBe(frame.toString());
    expect(seen.map(({ contentType }) => contentType).toSorted()).toEqual(['application/grpc', 'text/plain']);
  });

  it('hands over headers without those of the connection', async () => {
    const { address, seen } = await listenOnPort();
    const headers = { 'X-Ptp-Topic': 'a', 'content-type': 'application/json;charset=utf-8', 'x-twice': ['a', 'b'] };
    await new Promise((resolve) => {
      const sent = request(`http://${address}/echo`, { method: 'POST', headers });
      sent.on('response', (answer) => answer.resume().on('end', resolve)).end('{}');
    });
    const { headers: handed = {}, contentType } = seen[0] ?? {};
    expect(handed).toMatchObject({ 'x-ptp-topic': 'a', 'x-twice': 'a, b' });
    expect(contentType).toBe('application/json');
    expect(Object.getPrototypeOf(handed)).toBeNull();
    for (const name of ['connection', 'transfer-encoding', 'content-length', 'expect'])
      expect(handed).not.toHaveProperty(name);
  });

  it.each(['HTTP/1.1', 'HTTP/2'])('takes GET and HEAD as any other method, over %s', async (version) => {
    const { address, seen } = await listenOnPort();
    const session = http2(address);
    for (const method of ['GET', 'HEAD']) {
      if (version === 'HTTP/2') {
        const { headers, body } = await ask(session, { ':method': method, ':path': '/large?9' });
        expect([headers[':status'], headers['content-length'], body]).toEqual([
          200,
          '9',
          method === 'GET' ? 'xxxxxxxxx' : '',
        ]);
      } else {
        const answer = await fetch(`http://${address}/large?9`, { method });
        expect([answer.status, answer.headers.get('content-length')]).toEqual([200, '9']);
        expect(await answer.text()).toBe(method === 'GET' ? 'xxxxxxxxx' : '');
      }
    }
    expect(seen.map(({ method }) => method)).toEqual(['GET', 'HEAD']);
  });

  it.each(['HTTP/1.1', 'HTTP/2'])('says in JSON what it cannot do, over %s', async (version) => {
    const { address, listener } = await listenOnPort();
    const session = http2(address);
    const send = async (path: string, body: Uint8Array, headers: Record<string, string> = {}): Promise<unknown> => {
      if (version === 'HTTP/2') {
        const answer = await ask(session, { ':method': 'POST', ':path': path, ...headers }, body);
        return [answer.headers[':status'], JSON.parse(answer.body).code];
      }
      const answer = await fetch(`http://${address}${path}`, { method: 'POST', body: Buffer.from(body), headers });
      return [answer.status, ((await answer.json()) as { code: string }).code];
    };
    expect(await send('/unknown', Buffer.from('x'))).toEqual([404, 'E0000000617']);
    expect(await send('/echo', Buffer.alloc(2 * 1024 * 1024 + 1))).toEqual([413, 'E0000000413']);
    expect(await send('/echo', Buffer.from('no gzip'), { 'content-encoding': 'gzip' })).toEqual([400, 'E0000000616']);
    expect(await send('/echo', Buffer.from('x'), { 'content-encoding': 'zz' })).toEqual([400, 'E0000000616']);
    const bomb = gzipSync(Buffer.alloc(2 * 1024 * 1024 + 1));
    expect(await send('/echo', bomb, { 'content-encoding': 'gzip' })).toEqual([413, 'E0000000413']);
    await eventually('nothing is left', () => listener.pending === 0);
  });

  it('unpacks bodies', async () => {
    const { address, seen } = await listenOnPort();
    const headers = { 'content-encoding': 'gzip' };
    const answer = await fetch(`http://${address}/echo`, { method: 'POST', body: gzipSync('packed'), headers });
    expect(await answer.text()).toBe('packed');
    expect(seen[0]?.headers).not.toHaveProperty('content-encoding');
  });

  it('takes a path that names the host, and bodies in pieces', async () => {
    const { address } = await listenOnPort();
    const raw = new RawSocket(address);
    raw.send(
      `POST http://host:1/echo?x HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`,
    );
    await eventually('it is answered', () => raw.text.endsWith('abcde'));
  });

  it('answers requests sent one after the other without waiting, in order', async () => {
    const { address, seen, release } = await listenOnPort();
    const raw = new RawSocket(address);
    const post = (path: string, body: string): string =>
      `POST ${path} HTTP/1.1\r\nhost: h\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    raw.send(post('/wait', 'one') + post('/echo', 'two') + post('/nowhere', 'three') + post('/echo', 'four'));
    await eventually('they have arrived', () => seen.length === 3);
    expect(raw.text).toBe('');
    release();
    await eventually('all are answered', () => raw.text.endsWith('four'));
    expect([...raw.text.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status)).toEqual([
      '200',
      '200',
      '404',
      '200',
    ]);
    expect(raw.text.indexOf('one')).toBeLessThan(raw.text.indexOf('two'));
  });

  it('asks for a body only when it will be read', async () => {
    const { address, seen } = await listenOnPort();
    const head = (path: string, length: number): string =>
      `POST ${path} HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: ${length}\r\n\r\n`;
    const welcome = new RawSocket(address);
    welcome.send(head('/echo', 5));
    await eventually('it is asked for', () => welcome.text === 'HTTP/1.1 100 Continue\r\n\r\n');
    welcome.send('hello');
    await eventually('it is answered', () => welcome.text.endsWith('hello'));
    for (const [path, length, status] of [['/nowhere', 5, 404] as const, ['/echo', 2 ** 40, 413] as const]) {
      const refused = new RawSocket(address);
      refused.send(head(path, length));
      await refused.closed;
      expect(refused.text).toMatch(new RegExp(`^HTTP/1.1 ${status} .*connection: close`, 'is'));
    }
    expect(seen).toHaveLength(1);
  });
});
