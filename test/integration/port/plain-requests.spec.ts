import { connect as connectTls } from 'node:tls';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TestAuthority } from '../../support/certificates.js';
import { eventually } from '../../support/eventually.js';
import { listenOnPort } from '../../support/port.js';
import { RawSocket } from '../../support/raw-socket.js';

const MIB = 1024 * 1024;

/** A request in its plainest form, which `node:http` never sees. */
function plain(path: string, body = ''): string {
  return `POST ${path} HTTP/1.1\r\nhost: h\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** The same request, as it is left to `node:http`. */
function odd(path: string, body = ''): string {
  return plain(path, body).replace('host: h\r\n', 'host: h\r\nte: trailers\r\n');
}

/** A request whose body comes in chunks. */
function chunked(path: string, body: string): string {
  const head = `POST ${path} HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n`;
  return `${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: h\r\n\r\n`;
}

/** The bodies of answers to `/echo`, in the order in which they came. */
function echoesIn(text: string): string[] {
  return text
    .split('HTTP/1.1 200 OK\r\n')
    .slice(1)
    .map((answer) => answer.slice(answer.indexOf('\r\n\r\n') + 4));
}

function undated(text: string): string {
  return text.replace(/Date: [^\r]*/g, 'Date: now');
}

describe('a port, of plain requests over HTTP/1.1', () => {
  it.each(['/echo', '/nowhere', `/large?${100 * 1024}`])('answers at %s as node:http does', async (path) => {
    const { address, settled } = await listenOnPort();
    const [ours, nodes] = [new RawSocket(address), new RawSocket(address)];
    ours.send(plain(path, 'hello'));
    nodes.send(odd(path, 'hello'));
    await eventually('both are answered', () => ours.text !== '' && ours.text.length === nodes.text.length);
    expect(undated(ours.text)).toBe(undated(nodes.text));
    expect(ours.text).toMatch(/Connection: keep-alive\r\nKeep-Alive: timeout=75\r\n\r\n/);
    await eventually('it is settled', () => path === '/nowhere' || settled.length === 2);
    expect(settled).not.toContain(false);
  });

  it('says the same of them to a handler', async () => {
    const { address, seen } = await listenOnPort();
    const raw = new RawSocket(address);
    const lines = 'X-Trace: a\r\nContent-Type: Text/Plain; charset=x\r\nconnection: keep-alive\r\n';
    raw.send(plain('/echo?a=b', 'hello').replace('host: h\r\n', `host: h\r\n${lines}`));
    raw.send(odd('/echo?a=b', 'hello').replace('host: h\r\n', `host: h\r\n${lines}`));
    await eventually('both are answered', () => echoesIn(raw.text).length === 2);
    const [ours, nodes] = seen.map(({ path, query, headers, wire, method, contentType, peer, body }) => {
      return { path, query, headers, wire, method, contentType, peer, body: body.toString() };
    });
    expect(ours).toEqual(nodes);
    expect(ours?.headers).toEqual({ host: 'h', 'x-trace': 'a', 'content-type': 'Text/Plain; charset=x' });
  });

  it('refuses bodies beyond the limit, and unpacks those that are packed', async () => {
    const { address } = await listenOnPort({ limits: { maxMessageBytes: 1_024 } });
    const [ours, nodes] = [new RawSocket(address), new RawSocket(address)];
    for (const [raw, form] of [
      [ours, plain],
      [nodes, odd],
    ] as const) {
      raw.send(
        form('/echo', 'x'.repeat(1_025)) + form('/echo', 'x').replace('\r\n\r\n', '\r\ncontent-encoding: gzip\r\n\r\n'),
      );
    }
    await eventually('all are answered', () => ours.text !== '' && ours.text.length === nodes.text.length);
    expect(undated(ours.text)).toBe(undated(nodes.text));
    expect(ours.text).toMatch(/^HTTP\/1.1 413 /);
  });

  it('answers a row of them in order, whichever is ready first', async () => {
    const { address, seen, settled, release } = await listenOnPort();
    const raw = new RawSocket(address);
    raw.send(
      plain('/echo', 'a') + plain('/wait', 'b') + plain('/echo', 'c') + plain('/large?70000') + plain('/echo', 'd'),
    );
    await eventually('all have arrived', () => seen.length === 5);
    await eventually('the first is answered', () => echoesIn(raw.text).length === 1);
    release();
    await eventually('all are settled', () => settled.length === 5);
    await eventually('all are answered', () => echoesIn(raw.text).length === 5);
    expect(echoesIn(raw.text)).toEqual(['a', 'b', 'c', 'x'.repeat(70_000), 'd']);
    expect(settled).not.toContain(false);
  });

  it('goes on with whatever else comes on the connection, and waits for the answers before', async () => {
    const { address, seen, release } = await listenOnPort();
    const raw = new RawSocket(address);
    raw.send(plain('/echo', 'a') + plain('/wait', 'b') + chunked('/echo', 'c') + plain('/echo', 'd'));
    await eventually('two have arrived', () => seen.length === 2);
    raw.send(get('/echo') + plain('/echo', 'e'));
    await eventually('the first is answered', () => echoesIn(raw.text).length === 1);
    release();
    await eventually('all are answered', () => echoesIn(raw.text).length === 6);
    expect(echoesIn(raw.text)).toEqual(['a', 'b', 'c', 'd', '', 'e']);
    raw.send(plain('/echo', 'f'));
    await eventually('so is what comes later', () => echoesIn(raw.text).length === 7);
  });

  it('serves any row of plain and other requests in whatever pieces it comes', async () => {
    const { address, seen } = await listenOnPort();
    const request = fc.tuple(fc.constantFrom(plain, plain, plain, odd, chunked), fc.stringMatching(/^[a-z]{1,9}$/));
    const row = fc.array(request, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(row, fc.array(fc.nat(), { maxLength: 4 }), async (requests, cuts) => {
        seen.length = 0;
        const raw = new RawSocket(address);
        const text = requests.map(([form, body]) => form('/echo', body)).join('');
        const places = [0, ...cuts.map((at) => at % text.length).sort((a, b) => a - b), text.length];
        for (let i = 1; i < places.length; i++) {
          raw.send(text.slice(places[i - 1], places[i]));
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        await eventually('all are answered', () => echoesIn(raw.text).length === requests.length);
        expect(echoesIn(raw.text)).toEqual(requests.map(([, body]) => body));
        expect(seen.map(({ body }) => body.toString())).toEqual(requests.map(([, body]) => body));
        raw.socket.destroy();
      }),
      { numRuns: 60 },
    );
  });

  it('does so through TLS', async () => {
    const authority = new TestAuthority();
    const tls = { ...authority.issue(), clientCertificate: 'none', plaintext: 'serve' } as const;
    const { address, seen } = await listenOnPort({ listen: { tls } });
    const port = Number(address.split(':')[1]);
    const socket = connectTls({ host: '127.0.0.1', port, ca: authority.ca });
    onTestFinished(() => void socket.destroy());
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    for (const [i, form] of [plain, plain, chunked, plain].entries()) {
      socket.write(form('/echo', `${i}`));
      await eventually('it is answered', () => echoesIn(text).length === i + 1);
    }
    expect(echoesIn(text)).toEqual(['0', '1', '2', '3']);
    expect(seen[0]?.peer).toBe(`127.0.0.1:${socket.localPort}`);
  });
});

describe('a port, with those who send plain requests and are hostile, slow or gone', () => {
  it.each(['POST /ec', 'POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nhe'])(
    'closes the connection when %j comes behind one, and no more',
    async (begun) => {
      const { address, seen } = await listenOnPort({ listen: { handshakeTimeoutMs: 100, requestTimeoutMs: 150 } });
      const raw = new RawSocket(address);
      raw.send(plain('/echo', 'hello'));
      await eventually('it is answered', () => raw.text.endsWith('hello'));
      raw.send(begun);
      await raw.closed;
      expect(seen).toHaveLength(1);
    },
  );

  it('says so when rubbish comes behind one', async () => {
    const { address } = await listenOnPort();
    const raw = new RawSocket(address);
    raw.send(plain('/echo', 'hello') + 'hello\r\n\r\n');
    await raw.closed;
    expect(raw.text).toMatch(/^HTTP\/1.1 200 .*helloHTTP\/1.1 400 /s);
  });

  it('reads no more from who does not read its answers, and all when it does', async () => {
    const { address, seen, settled } = await listenOnPort();
    const raw = new RawSocket(address);
    raw.socket.pause();
    const count = 120;
    for (let i = 0; i < count; i++) {
      raw.send(plain(`/large?${MIB}`, 'x'.repeat(60_000)));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(seen.length).toBeLessThan(count / 2);
    raw.socket.resume();
    await eventually('all are answered', () => settled.length === count);
    expect(settled).not.toContain(false);
  });

  it('reads no more of a body, either, from who does not read its answers', async () => {
    const { address, seen } = await listenOnPort({ limits: { maxMessageBytes: 64 * MIB } });
    const raw = new RawSocket(address);
    raw.socket.pause();
    raw.send(plain(`/large?${MIB}`).repeat(32) + plain('/echo', 'hello').replace('length: 5', `length: ${32 * MIB}`));
    await eventually('all but the last have arrived', () => seen.length === 32);
    raw.send(Buffer.alloc(32 * MIB - 5, 'x'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(raw.socket.writableLength).toBeGreaterThan(16 * MIB);
    raw.socket.resume();
    await eventually('the last has arrived', () => seen.length === 33);
    expect(seen[32]?.body.length).toBe(32 * MIB);
  });

  it('takes only so many at a time', async () => {
    const { address, seen, listener } = await listenOnPort();
    const raw = new RawSocket(address);
    raw.send(plain('/wait').repeat(300));
    await raw.closed;
    expect(seen.length).toBeLessThanOrEqual(256);
    await eventually('nothing is pending', () => listener.pending === 0);
  });

  it.each(['ends', 'breaks'] as const)('tells the handlers when the caller %s the connection', async (how) => {
    const { address, seen, settled, release, listener } = await listenOnPort();
    const raw = new RawSocket(address);
    raw.send(plain('/wait').repeat(3) + (how === 'ends' ? '' : get('/echo')));
    await eventually('they have arrived', () => seen.length === 3);
    if (how === 'ends') raw.socket.end();
    else raw.socket.resetAndDestroy();
    await eventually('the handlers are told', () => seen.every(({ cancellation: { reason } }) => reason !== undefined));
    expect(seen[0]?.cancellation.reason?.code).toBe('E0000000499');
    release();
    await eventually('all is settled', () => settled.length === 3);
    expect([settled, listener.pending]).toEqual([[false, false, false], 0]);
    await raw.closed;
  });

  it('says that an answer was lost whose caller goes away while it is written', async () => {
    const { address, settled } = await listenOnPort({ limits: { maxMessageBytes: 64 * MIB } });
    const raw = new RawSocket(address);
    raw.send(plain(`/large?${60 * MIB}`));
    await eventually('it has begun', () => raw.text.length > 0);
    raw.socket.resetAndDestroy();
    await eventually('it is settled', () => settled.length === 1);
    expect(settled).toEqual([false]);
  });
});

describe('a port that closes, with plain requests', () => {
  it('ends the connections between two of them', async () => {
    const { address, listener } = await listenOnPort();
    const idle = new RawSocket(address);
    idle.send(plain('/echo', 'hello'));
    await eventually('it is answered', () => idle.text.endsWith('hello'));
    await Promise.all([listener.close(), idle.closed]);
  });

  it('waits for those under way, and takes those that were on their way already', async () => {
    const { address, listener, seen, settled, release } = await listenOnPort();
    const [waiting, late] = [new RawSocket(address), new RawSocket(address)];
    waiting.send(plain('/wait', 'a') + plain('/echo', 'b'));
    late.send(plain('/echo', 'c'));
    await eventually('all have arrived', () => seen.length === 3);
    const closing = listener.close();
    late.send(plain('/echo', 'd'));
    await late.closed;
    expect(echoesIn(late.text)).toEqual(['c', 'd']);
    expect(late.text.match(/connection: close/gi)).toHaveLength(1);
    expect(waiting.text).toBe('');
    release();
    await Promise.all([closing, waiting.closed]);
    expect(waiting.text).toMatch(/^HTTP\/1.1 200 OK\r\n.*connection: close\r\n.*\r\n\r\na$/s);
    // Nothing may follow an answer that says it is the last.
    expect(settled.filter((delivered) => !delivered)).toHaveLength(1);
  });

  it('ends everything when it is destroyed', async () => {
    const { address, listener, seen, settled, release } = await listenOnPort();
    const raw = new RawSocket(address);
    raw.send(plain('/wait'));
    await eventually('it has arrived', () => seen.length === 1);
    listener.destroy();
    expect(seen[0]?.cancellation.reason?.code).toBe('E0000000499');
    await Promise.all([listener.close(), raw.closed]);
    release();
    await eventually('it is settled', () => settled.length === 1);
    expect([settled, listener.pending]).toEqual([[false], 0]);
  });
});
