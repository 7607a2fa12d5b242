import { connect } from 'node:http2';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { listenOnPort, type TestPort } from '../../support/port.js';
import { RawSocket } from '../../support/raw-socket.js';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const REQUEST = 'POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nhello';
/** An empty SETTINGS frame. */
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

/** Connections that the port holds. */
function held({ listener }: TestPort): Promise<number> {
  const server = listener.server as { getConnections(done: (error: Error | null, count: number) => void): void };
  return new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
}

async function expectNothingHeld(port: TestPort): Promise<void> {
  for (let looks = 0; (await held(port)) > 0; looks++) {
    if (looks > 500) throw new Error('connections are held');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await eventually('nothing is pending', () => port.listener.pending === 0);
}

describe('a port, with hostile and slow peers', () => {
  it.each([
    ['nothing', ''],
    ['half of what HTTP/2 begins with', PREFACE.slice(0, 10)],
    ['only what HTTP/2 begins with', PREFACE],
    ['half of a request line', 'POST /ec'],
    ['half of the headers', 'POST /echo HTTP/1.1\r\nhost: h'],
  ])('closes a connection that says %s, after a while', async (_, bytes) => {
    const port = await listenOnPort({ listen: { handshakeTimeoutMs: 100 } });
    const raw = new RawSocket(port.address);
    if (bytes !== '') raw.send(bytes);
    await raw.closed;
    await expectNothingHeld(port);
  });

  it('closes a connection whose request does not come to its end', async () => {
    const port = await listenOnPort({ listen: { handshakeTimeoutMs: 100, requestTimeoutMs: 150 } });
    const raw = new RawSocket(port.address);
    raw.send('POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nhe');
    await raw.closed;
    expect(port.seen).toHaveLength(0);
    await expectNothingHeld(port);
  });

  it.each([
    ['random bytes', Buffer.from('89504e470d0a1a0a0000ff', 'hex')],
    ['an unknown version', 'GET / HTTP/9.9\r\n\r\n'],
    ['a request without a host', 'GET /echo HTTP/1.1\r\n\r\n'],
    ['two lengths', 'POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('refuses %s, and closes', async (_, bytes) => {
    const port = await listenOnPort({ listen: { handshakeTimeoutMs: 200 } });
    const raw = new RawSocket(port.address);
    raw.send(bytes);
    await raw.closed;
    expect(raw.text).toMatch(/^HTTP\/1.1 400 /);
    expect(port.seen).toHaveLength(0);
    await expectNothingHeld(port);
  });

  it('closes a connection that goes on in rubbish after the beginning of HTTP/2', async () => {
    const port = await listenOnPort();
    const raw = new RawSocket(port.address);
    raw.send(PREFACE + 'x'.repeat(200));
    await raw.closed;
    await expectNothingHeld(port);
  });

  it.each([40, 64, 300])('says that headers of %i KiB are too long', async (kib) => {
    const port = await listenOnPort();
    const raw = new RawSocket(port.address);
    raw.send(`GET /echo HTTP/1.1\r\nhost: h\r\nx-long: ${'x'.repeat(kib * 1024)}\r\n\r\n`);
    await eventually('it is told', () => raw.text.includes('E0000000413'));
    await raw.closed;
    expect(raw.text).toMatch(/^HTTP\/1.1 431 /);
    await expectNothingHeld(port);
  });

  it('takes headers of 20 KiB, and outlives those of 80 KiB on HTTP/2', async () => {
    const port = await listenOnPort();
    const long = { 'x-long': 'x'.repeat(20 * 1024) };
    expect((await fetch(`http://${port.address}/echo`, { headers: long })).status).toBe(200);
    const session = connect(`http://${port.address}`, { maxSendHeaderBlockLength: 1 << 20 }).on(
      'error',
      () => undefined,
    );
    onTestFinished(() => session.destroy());
    const refused = session.request({ ':path': '/echo', 'x-long': 'x'.repeat(80 * 1024) }).on('error', () => undefined);
    await new Promise((resolve) => refused.on('close', resolve));
    expect((await fetch(`http://${port.address}/echo`)).status).toBe(200);
    expect(port.seen).toHaveLength(2);
  });

  it('serves bytes that come one at a time', async () => {
    const port = await listenOnPort();
    const [one, two] = [new RawSocket(port.address), new RawSocket(port.address)];
    await Promise.all([one.sendSlowly(REQUEST), two.sendSlowly(Buffer.concat([Buffer.from(PREFACE), SETTINGS]))]);
    await eventually('the request is answered', () => one.text.endsWith('hello'));
    // The other side's SETTINGS, and the acknowledgement of ours.
    await eventually('HTTP/2 is spoken', () => two.text.includes('\0\0\0\x04\x01\0\0\0\0'));
  });

  it('goes on after a body over the limit, when its sender does', async () => {
    const port = await listenOnPort({ limits: { maxMessageBytes: 1_000 } });
    const raw = new RawSocket(port.address);
    raw.send('POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 100000\r\n\r\n');
    await eventually('it is told', () => raw.text.includes('E0000000413'));
    raw.send('x'.repeat(100_000) + REQUEST);
    await eventually('the next is answered', () => raw.text.endsWith('hello'));
    expect(port.seen).toHaveLength(1);
  });

  it('does not read a body over the limit for ever', async () => {
    const port = await listenOnPort({ limits: { maxMessageBytes: 1_000 } });
    const raw = new RawSocket(port.address);
    raw.send('POST /echo HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n');
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    for (let i = 0; i < 40 && !raw.socket.destroyed; i++) raw.send(chunk);
    await raw.closed;
    await expectNothingHeld(port);
  });

  it('is not brought down by thousands of requests at once on one connection', async () => {
    const port = await listenOnPort();
    const raw = new RawSocket(port.address);
    raw.send('POST /wait HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n'.repeat(5_000));
    await raw.closed;
    expect(port.seen.length).toBeLessThanOrEqual(256);
    await eventually('all are cancelled', () =>
      port.seen.every(({ cancellation }) => cancellation.reason !== undefined),
    );
    port.release();
    await expectNothingHeld(port);
    expect(port.settled.every((delivered) => !delivered)).toBe(true);
  });
});
