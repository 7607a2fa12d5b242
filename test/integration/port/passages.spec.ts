import { Agent, type ClientRequest } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { eventually, settled } from '../../support/eventually.js';
import { ask, chunks, echo, endless, listenForPassages, said, textOf } from '../../support/passages.js';
import { RawSocket } from '../../support/raw-socket.js';

/** What a port and the system's sockets may hold at most of a stream that nobody reads, in bytes. */
const HELD_AT_MOST = 16 * 1024 * 1024;

describe('passages over HTTP/1.1', () => {
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])(
    'hands on %s as it comes',
    async (method) => {
      const { address, seen } = await listenForPassages(echo);
      const { call, answer } = ask(address, '/a/b?c=d%20e', {
        method,
        headers: { 'x-two': ['1', '2'], cookie: 'a=b', ...(method !== 'GET' && { 'content-length': '5' }) },
      });
      call.end(method === 'GET' ? undefined : 'hello');
      const got = await answer;
      expect(got.headers['x-asked']).toBe(`${method} /a/b?c=d%20e`);
      expect(await textOf(got)).toBe(method === 'GET' ? '' : 'hello');
      expect(seen[0]).toMatchObject({
        path: '/a/b',
        query: 'c=d%20e',
        wire: 'http',
        version: '1.1',
        scheme: 'http',
        upgrade: '',
      });
      expect(seen[0]!.headers).toMatchObject({ host: address, 'x-two': '1, 2', cookie: 'a=b' });
    },
  );

  it('says how long a body is, as far as that is known', async () => {
    const { address, seen } = await listenForPassages(echo);
    const lengths = [{ 'content-length': '2' }, { 'transfer-encoding': 'chunked' }];
    for (const headers of lengths) {
      const { call, answer } = ask(address, '/', { method: 'DELETE', headers });
      call.end('ab');
      expect(await textOf(await answer)).toBe('ab');
    }
    ask(address, '/').call.end();
    await eventually('three are seen', () => seen.length === 3);
    expect(seen.map(({ length }) => length)).toEqual([2, undefined, 0]);
  });

  it('answers HEAD with the length and without the body', async () => {
    const { address } = await listenForPassages(async () => ({
      status: 200,
      headers: { 'content-length': '7' },
      body: chunks(),
    }));
    const { call, answer } = ask(address, '/', { method: 'HEAD' });
    call.end();
    expect((await answer).headers['content-length']).toBe('7');
  });

  it('carries trailers both ways', async () => {
    const { address } = await listenForPassages(echo);
    const raw = new RawSocket(address);
    raw.send('POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx-sum: 7\r\n\r\n');
    await eventually('it is answered', () => raw.text.endsWith('0\r\nx-sum: 7\r\n\r\n'));
  });

  it('sends what has come before the rest is there, the head alone too', async () => {
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    async function* slow(): AsyncGenerator<Uint8Array, void> {
      await gate;
      yield Buffer.from('one');
      await new Promise<void>((resolve) => (go = resolve));
      yield Buffer.from('two');
    }
    const { address } = await listenForPassages(async () => said('', { body: slow() }));
    const { call, answer } = ask(address, '/');
    call.end();
    const got = await answer;
    const parts = got[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    go();
    expect(String((await parts.next()).value)).toBe('one');
    go();
    expect(String((await parts.next()).value)).toBe('two');
    expect((await parts.next()).done).toBe(true);
  });

  it('reads and answers at the same time', async () => {
    const { address } = await listenForPassages(echo);
    const { call, answer } = ask(address, '/', { method: 'POST' });
    call.write('one');
    const parts = (await answer)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    expect(String((await parts.next()).value)).toBe('one');
    call.write('two');
    expect(String((await parts.next()).value)).toBe('two');
    call.end();
    expect((await parts.next()).done).toBe(true);
  });

  it('asks for a body that waits to be asked for, once somebody reads it', async () => {
    const { address } = await listenForPassages(async (passage) =>
      passage.path === '/unread' ? said('no') : said(await textOf(passage.body)),
    );
    const asking = (path: string): string =>
      `POST ${path} HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n`;
    const read = new RawSocket(address);
    read.send(asking('/read'));
    await eventually('it is asked for', () => read.text.startsWith('HTTP/1.1 100 '));
    read.send('ab');
    await eventually('it is answered', () => read.text.includes('ab'));

    const unread = new RawSocket(address);
    unread.send(asking('/unread'));
    await unread.closed;
    expect(unread.text).toMatch(/^HTTP\/1.1 200 [^]*connection: close/i);
  });

  it('serves the next request of a connection after a body that nobody has read, or only begun', async () => {
    const { address } = await listenForPassages(async ({ path, body }) => {
      if (path === '/begun') await body[Symbol.asyncIterator]().next();
      return said('done');
    });
    const raw = new RawSocket(address);
    for (const [index, path] of ['/unread', '/begun', '/unread'].entries()) {
      raw.send(`POST ${path} HTTP/1.1\r\nhost: h\r\ncontent-length: 300000\r\n\r\n${'x'.repeat(300_000)}`);
      await eventually('it is answered', () => raw.text.split('done').length === index + 2);
    }
    raw.send('POST /own HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\nlast');
    await eventually('the last is answered', () => raw.text.endsWith('last'));
  });

  it('closes a connection that goes on sending what nobody reads', async () => {
    const { address } = await listenForPassages(async () => said('done'));
    const raw = new RawSocket(address);
    raw.send(`POST / HTTP/1.1\r\nhost: h\r\ncontent-length: ${1 << 30}\r\n\r\n`);
    const flood = setInterval(() => raw.socket.write(Buffer.alloc(100_000)), 1);
    onTestFinished(() => clearInterval(flood));
    await raw.closed;
    expect(raw.text).toContain('done');
  });

  it('reads a body no faster than it is taken', async () => {
    const { address, seen } = await listenForPassages(() => new Promise(() => undefined));
    const { call } = ask(address, '/', { method: 'POST' });
    const source = endless();
    call.flushHeaders();
    await eventually('it is there', () => seen.length === 1);
    const first = seen[0]!.body[Symbol.asyncIterator]().next();
    void writeAll(call, source.body);
    expect((await first).done).toBe(false);
    expect(await settled(() => source.taken)).toBeLessThan(HELD_AT_MOST);
  });

  it('takes an answer no faster than it is read', async () => {
    const source = endless();
    const { address } = await listenForPassages(async () => said('', { body: source.body }));
    const { call, answer } = ask(address, '/');
    call.end();
    (await answer).pause();
    expect(await settled(() => source.taken)).toBeLessThan(HELD_AT_MOST);
    expect(source.left).toBe(false);
  });

  it('cancels when the caller goes away, before the answer and within it', async () => {
    const source = endless();
    const { address, seen, listener } = await listenForPassages(({ path }) =>
      path === '/wait' ? new Promise(() => undefined) : Promise.resolve(said('', { body: source.body })),
    );
    for (const path of ['/wait', '/endless']) {
      const { call } = ask(address, path);
      call.end();
      await eventually('it is there', () => seen.at(-1)?.path === path);
      expect(listener.pending).toBe(1);
      call.destroy();
      await eventually('it is cancelled', () => seen.at(-1)!.cancellation.reason?.code === MeshCode.CANCELLED);
      await eventually('nothing is pending', () => listener.pending === 0);
    }
    await eventually('the answer is left', () => source.left);
  });

  it('tells whoever reads a body that it broke off', async () => {
    let failure: unknown;
    const { address, seen } = await listenForPassages(async ({ body }) => {
      await textOf(body).catch((error: unknown) => (failure = error));
      return said('');
    });
    const raw = new RawSocket(address);
    raw.send('POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nabc');
    await eventually('it is there', () => seen.length === 1);
    raw.socket.destroy();
    await eventually('it is told', () => failure !== undefined);
    expect(failure).toMatchObject({ code: MeshCode.CANCELLED, message: "the request to '/' broke off" });
  });

  it('tells of an error before the answer, and breaks off within it', async () => {
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const { address } = await listenForPassages(async ({ path }) => {
      if (path === '/before') throw new MeshError(MeshCode.NO_INSTANCE, 'nobody');
      return said('', { body: broken(gate) });
    });
    const response = await fetch(`http://${address}/before`);
    expect([response.status, await response.json()]).toEqual([503, { code: 'E0000000602', message: 'nobody' }]);
    const { call, answer } = ask(address, '/within');
    call.end();
    const got = await answer;
    go();
    await expect(textOf(got)).rejects.toThrow('aborted');
  });

  it('breaks off an answer that is longer or shorter than it said', async () => {
    const { address } = await listenForPassages(async ({ query }) =>
      said('four', { headers: { 'content-length': query } }),
    );
    for (const length of [3, 5]) {
      const raw = new RawSocket(address);
      raw.send(`GET /?${length} HTTP/1.1\r\nhost: h\r\n\r\n`);
      await raw.closed;
      expect(raw.text.split('\r\n\r\n')[1] ?? '').toMatch(/^(four)?$/);
    }
  });

  it.each<[what: string, answer: Partial<Awaited<ReturnType<typeof echo>>>]>([
    ['a status that is none', { status: 101 }],
    ['a header that splits the answer', { headers: { 'x-a': 'b\r\nx-c: d' } }],
  ])('refuses %s', async (_, answer) => {
    const { address } = await listenForPassages(async () => said('x', answer));
    expect((await fetch(`http://${address}/`)).status).toBe(500);
  });

  it('ends what is silent for too long, before the answer and within it', async () => {
    const { address, seen } = await listenForPassages(
      ({ path, body }) => (path === '/wait' ? new Promise(() => undefined) : Promise.resolve(said('', { body }))),
      { idleTimeoutMs: 100 },
    );
    const response = await fetch(`http://${address}/wait`);
    expect([response.status, await response.json()]).toMatchObject([504, { code: 'E0000000601' }]);
    expect(seen[0]!.cancellation.reason).toMatchObject({ code: 'E0000000601' });
    const { call, answer } = ask(address, '/silent', { method: 'POST' });
    call.flushHeaders();
    await expect(textOf(await answer)).rejects.toThrow('aborted');
  });

  it('lets what flows take longer than a request may take to arrive', async () => {
    const { address } = await listenForPassages(echo, { requestTimeoutMs: 100, handshakeTimeoutMs: 100 });
    const raw = new RawSocket(address);
    raw.send('POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 40\r\n\r\n');
    await raw.sendSlowly('x'.repeat(40), 8);
    await eventually('it is answered', () => raw.text.split('x').length > 40);
  });

  it('lets it also after another request on the same connection', async () => {
    const { address } = await listenForPassages(echo, { requestTimeoutMs: 100, handshakeTimeoutMs: 100 });
    const raw = new RawSocket(address);
    raw.send('POST /own HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nown');
    await eventually('the first is answered', () => raw.text.includes('own'));
    raw.send('POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 40\r\n\r\n');
    await raw.sendSlowly('x'.repeat(40), 8);
    await eventually('the second is answered', () => raw.text.split('x').length > 40);
  });

  it('answers with what is under way when it closes, and cuts it off when it is destroyed', async () => {
    const gates: (() => void)[] = [];
    const { address, listener, seen } = await listenForPassages(async () => {
      await new Promise<void>((resolve) => gates.push(resolve));
      return said('done');
    });
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const first = ask(address, '/', { agent });
    const second = ask(address, '/', { agent });
    first.call.end();
    second.call.end();
    await eventually('both are there', () => seen.length === 2);
    expect(listener.pending).toBe(2);
    const closed = listener.close();
    gates[0]!();
    const answered = await Promise.race([first.answer, second.answer]);
    expect(answered.headers.connection).toBe('close');
    expect(await textOf(answered)).toBe('done');
    listener.destroy();
    await closed;
    await eventually('it is cancelled', () => seen.every(({ cancellation }, at) => at === 0 || cancellation.reason));
    expect(listener.pending).toBe(0);
  });
});

async function* broken(gate: Promise<void>): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from('half');
  await gate;
  throw new MeshError(MeshCode.UNREACHABLE, 'the rest is lost');
}

/** Writes as fast as it is taken, until the request is over. */
async function writeAll(call: ClientRequest, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body) {
    if (call.destroyed) return;
    if (!call.write(chunk)) await new Promise((resolve) => call.once('drain', resolve));
  }
}
