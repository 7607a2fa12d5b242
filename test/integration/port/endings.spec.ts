import { connect } from 'node:http2';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { listenOnPort } from '../../support/port.js';
import { RawSocket } from '../../support/raw-socket.js';

const MIB = 1024 * 1024;
const LARGE = { limits: { maxMessageBytes: 64 * MIB } };

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: h\r\n\r\n`;
}

describe('what a port says of its answers', () => {
  it('is that they were delivered, over HTTP/1.1 and HTTP/2', async () => {
    const { address, settled } = await listenOnPort(LARGE);
    expect(await (await fetch(`http://${address}/large?${32 * MIB}`)).text()).toHaveLength(32 * MIB);
    await eventually('it is settled', () => settled.length === 1);
    const session = connect(`http://${address}`);
    onTestFinished(() => session.destroy());
    let received = 0;
    const stream = session.request({ ':path': `/large?${8 * MIB}` });
    stream.on('data', (chunk: Buffer) => (received += chunk.length));
    await new Promise((resolve) => stream.on('end', resolve));
    expect(received).toBe(8 * MIB);
    await eventually('it is settled', () => settled.length === 2);
    expect(settled).toEqual([true, true]);
  });

  it.each(['ends', 'breaks'] as const)(
    'is that they were lost, when the caller %s the connection before',
    async (how) => {
      const { address, seen, settled, release, listener } = await listenOnPort();
      const raw = new RawSocket(address);
      raw.send(get('/wait'));
      await eventually('it has arrived', () => seen.length === 1);
      if (how === 'ends') raw.socket.end();
      else raw.socket.resetAndDestroy();
      await eventually('the handler is told', () => seen[0]?.cancellation.reason?.code === 'E0000000499');
      release();
      await eventually('it is settled', () => settled.length === 1);
      expect(settled).toEqual([false]);
      await eventually('nothing is pending', () => listener.pending === 0);
    },
  );

  it('is that all of a row were lost', async () => {
    const { address, seen, settled, release, listener } = await listenOnPort();
    const raw = new RawSocket(address);
    raw.send(get('/wait').repeat(6));
    await eventually('they have arrived', () => seen.length === 6);
    raw.socket.resetAndDestroy();
    await eventually('the handlers are told', () =>
      seen.every(({ cancellation }) => cancellation.reason !== undefined),
    );
    release();
    await eventually('they are settled', () => settled.length === 6);
    expect(settled).toEqual(Array(6).fill(false));
    expect(listener.pending).toBe(0);
  });

  it('is that an answer was lost whose caller goes away while it is written', async () => {
    const { address, settled } = await listenOnPort(LARGE);
    const raw = new RawSocket(address);
    raw.send(get(`/large?${60 * MIB}`));
    await eventually('it has begun', () => raw.text.length > 0);
    raw.socket.resetAndDestroy();
    await eventually('it is settled', () => settled.length === 1);
    expect(settled).toEqual([false]);
  });

  it.each(['the stream', 'the connection'])('is the same over HTTP/2, when the caller resets %s', async (what) => {
    const { address, seen, settled, release } = await listenOnPort(LARGE);
    const session = connect(`http://${address}`).on('error', () => undefined);
    onTestFinished(() => session.destroy());
    const waiting = session.request({ ':path': '/wait' }).on('error', () => undefined);
    const reading = session.request({ ':path': `/large?${60 * MIB}` }).on('error', () => undefined);
    await new Promise((resolve) => reading.once('data', resolve));
    reading.pause();
    await eventually('both have arrived', () => seen.length === 2);
    if (what === 'the connection') session.destroy();
    else for (const stream of [waiting, reading]) stream.close(8);
    await eventually('the handler is told', () =>
      seen.every(({ path, cancellation }) => path !== '/wait' || !!cancellation.reason),
    );
    release();
    await eventually('both are settled', () => settled.length === 2);
    expect(settled).toEqual([false, false]);
  });

  it('is nothing for a request that does not arrive whole', async () => {
    const { address, seen, listener } = await listenOnPort();
    const raw = new RawSocket(address);
    raw.send('POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nhal');
    await eventually('it has begun', () => listener.pending === 1);
    raw.socket.resetAndDestroy();
    await eventually('nothing is pending', () => listener.pending === 0);
    expect(seen).toHaveLength(0);
  });
});

describe('a port that closes', () => {
  it('ends connections that say nothing, and those between two requests', async () => {
    const { address, listener } = await listenOnPort();
    const [silent, idle, unsaid] = [new RawSocket(address), new RawSocket(address), new RawSocket(address)];
    idle.send(get('/echo'));
    unsaid.send('PRI * HTTP');
    await eventually('it is answered', () => idle.text.startsWith('HTTP/1.1 200'));
    await Promise.all([listener.close(), silent.closed, idle.closed, unsaid.closed]);
  });

  it('waits for requests under way, and takes those that were on their way already', async () => {
    const { address, listener, seen, release } = await listenOnPort();
    const [waiting, late] = [new RawSocket(address), new RawSocket(address)];
    waiting.send(get('/wait'));
    late.send(get('/echo'));
    await eventually('both have arrived', () => seen.length === 2);
    const closing = listener.close();
    late.send(get('/echo'));
    await late.closed;
    expect(late.text.match(/HTTP\/1.1 200/g)).toHaveLength(2);
    expect(late.text.match(/connection: close/gi)).toHaveLength(1);
    expect(waiting.text).toBe('');
    release();
    await Promise.all([closing, waiting.closed]);
    expect(waiting.text).toMatch(/^HTTP\/1.1 200.*connection: close/is);
  });

  it('ends everything when it is destroyed', async () => {
    const { address, listener, seen, settled, release } = await listenOnPort();
    const [silent, waiting] = [new RawSocket(address), new RawSocket(address)];
    waiting.send(get('/wait'));
    await eventually('it has arrived', () => seen.length === 1);
    listener.destroy();
    await Promise.all([listener.close(), silent.closed, waiting.closed]);
    await eventually('the handler is told', () => seen[0]?.cancellation.reason?.code === 'E0000000499');
    release();
    await eventually('it is settled', () => settled.length === 1);
    expect([settled, listener.pending]).toEqual([[false], 0]);
  });

  it('leaves nothing behind', async () => {
    const before = process.getActiveResourcesInfo().length;
    const { address, listener } = await listenOnPort();
    const sockets = Array.from({ length: 20 }, () => new RawSocket(address));
    sockets.forEach((raw, i) =>
      raw.send([get('/echo'), 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'x', get('/wait')][i % 4]!),
    );
    await eventually('some are answered', () => sockets.filter((raw) => raw.text !== '').length >= 10);
    for (const raw of sockets.slice(0, 10)) raw.socket.destroy();
    listener.destroy();
    await Promise.all([listener.close(), ...sockets.map((raw) => raw.closed)]);
    await eventually('nothing is active', () => process.getActiveResourcesInfo().length <= before);
  });
});
