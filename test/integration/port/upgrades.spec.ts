import { connect as connectTls } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { TestAuthority } from '../../support/certificates.js';
import { eventually, settled } from '../../support/eventually.js';
import { endless, listenForPassages, said, textOf } from '../../support/passages.js';
import { RawSocket } from '../../support/raw-socket.js';
import type { PassageHandler } from '../../../lib/transport/transport.js';

const UPGRADE = 'GET /chat HTTP/1.1\r\nhost: h\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n';

/** Accepts every upgrade, and sends back what comes. */
const accept: PassageHandler = async ({ body }) => ({ status: 101, headers: { 'x-key': 'k' }, body });

describe('upgrades', () => {
  it('makes a connection of a request, for bytes both ways, and each side ends for itself', async () => {
    const { address, seen, listener } = await listenForPassages(accept);
    const raw = new RawSocket(address);
    raw.send(UPGRADE);
    await eventually('it is accepted', () => raw.text.includes('\r\n\r\n'));
    expect(raw.text).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\n/);
    expect(raw.text.toLowerCase()).toContain('\r\nx-key: k\r\n');
    expect(raw.text.toLowerCase()).toContain('\r\nupgrade: websocket\r\n');
    expect(seen[0]).toMatchObject({ upgrade: 'websocket', length: 0, method: 'GET', path: '/chat' });
    raw.send('one');
    await eventually('it is sent back', () => raw.text.endsWith('one'));
    expect(listener.pending).toBe(1);
    raw.socket.end('two');
    await raw.closed;
    expect(raw.text).toMatch(/onetwo$/);
    await eventually('nothing is pending', () => listener.pending === 0);
  });

  it('hands on what was sent with the request', async () => {
    const { address } = await listenForPassages(accept);
    const raw = new RawSocket(address);
    raw.send(`${UPGRADE}early`);
    await eventually('it is sent back', () => raw.text.endsWith('\r\n\r\nearly'));
  });

  it('works through TLS', async () => {
    const authority = new TestAuthority();
    const tls = { ...authority.issue(), clientCertificate: 'none', plaintext: 'refuse' } as const;
    const { address, seen } = await listenForPassages(accept, { tls });
    const [host, port] = address.split(':');
    const socket = connectTls({ host, port: Number(port), ca: authority.ca });
    onTestFinished(() => void socket.destroy());
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk))).write(UPGRADE);
    await eventually('it is accepted', () => text.includes('\r\n\r\n'));
    socket.write('hello');
    await eventually('it is sent back', () => text.endsWith('hello'));
    expect(seen[0]!.scheme).toBe('https');
  });

  it('answers who is refused, and closes', async () => {
    const { address, listener } = await listenForPassages(async ({ query }) => {
      if (query === 'fail') throw new MeshError(MeshCode.NO_INSTANCE, 'nobody');
      return said('no', { status: 403 });
    });
    for (const [query, status] of [
      ['', 403],
      ['fail', 503],
    ] as const) {
      const raw = new RawSocket(address);
      raw.send(UPGRADE.replace('/chat', `/chat?${query}`));
      await raw.closed;
      expect(raw.text).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*connection: close`, 'i'));
      await eventually('nothing is pending', () => listener.pending === 0);
    }
  });

  it.each([
    ['h2c', 'upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\nconnection: Upgrade, HTTP2-Settings\r\n', '/own'],
    ['h2c, to a path that is handed on', 'upgrade: h2c\r\nconnection: Upgrade\r\n', '/other'],
    ['another HTTP', 'upgrade: HTTP/3.0\r\nconnection: Upgrade\r\n', '/other'],
    ['a websocket, where nothing is handed on', 'upgrade: websocket\r\nconnection: Upgrade\r\n', '/own'],
  ])('serves a request that asks for %s as any other', async (_, headers, path) => {
    const { address, seen } = await listenForPassages(async ({ body }) => said(await textOf(body)));
    const raw = new RawSocket(address);
    const ask = (more: string, body: string): string =>
      `POST ${path} HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n${more}\r\n${body}`;
    raw.send(ask(headers, 'hello'));
    await eventually('it is answered', () => raw.text.endsWith('hello') || raw.text.includes('hello\r\n0\r\n\r\n'));
    raw.send(ask('', 'again'));
    await eventually('so is the next', () => raw.text.includes('again'));
    expect(raw.text.match(/HTTP\/1.1 200 /g)).toHaveLength(2);
    for (const { upgrade, headers: got } of seen) expect([upgrade, got['upgrade']]).toEqual(['', undefined]);
  });

  it.each(['h2c', 'HTTP/3.0', 'websocket, h2c', 'TLS/1.2'])(
    'makes no other HTTP of a connection: %s',
    async (upgrade) => {
      const { address, seen } = await listenForPassages(async () => said('plain'));
      const raw = new RawSocket(address);
      raw.send(UPGRADE.replace('websocket', upgrade));
      await eventually('it is answered', () => raw.text.includes('plain'));
      expect([seen[0]!.upgrade, raw.text.slice(0, 12)]).toEqual(['', 'HTTP/1.1 200']);
    },
  );

  it('takes no upgrade from who still waits for answers', async () => {
    const { address } = await listenForPassages(() => new Promise(() => undefined));
    const raw = new RawSocket(address);
    raw.send(`GET /wait HTTP/1.1\r\nhost: h\r\n\r\n${UPGRADE}`);
    await raw.closed;
    expect(raw.text).toBe('');
  });

  it('reads no faster than it is taken, and writes no faster than it is read', async () => {
    const source = endless();
    const { address } = await listenForPassages(async () => ({ status: 101, headers: {}, body: source.body }));
    const raw = new RawSocket(address);
    raw.send(UPGRADE);
    await eventually('it is accepted', () => raw.text.length > 0);
    raw.socket.pause();
    let sent = 0;
    void (async () => {
      const chunk = Buffer.alloc(65_536);
      for (;;) {
        sent += chunk.length;
        if (!raw.socket.write(chunk)) await new Promise((resolve) => raw.socket.once('drain', resolve));
      }
    })();
    expect(await settled(() => source.taken + sent)).toBeLessThan(64 * 1024 * 1024);
    expect(source.left).toBe(false);
  });

  it('cancels when the caller is gone, and ends what is silent for too long', async () => {
    const { address, seen, listener } = await listenForPassages(accept, { idleTimeoutMs: 500 });
    const [gone, silent] = [new RawSocket(address), new RawSocket(address)];
    gone.send(UPGRADE);
    silent.send(UPGRADE);
    await eventually('both are accepted', () => gone.text !== '' && silent.text !== '');
    gone.socket.resetAndDestroy();
    await silent.closed;
    await eventually('nothing is pending', () => listener.pending === 0);
    expect(seen.map(({ cancellation }) => cancellation.reason?.code).toSorted()).toEqual([
      'E0000000499',
      'E0000000601',
    ]);
  });

  it('lets a connection go on while the port closes, until it is destroyed', async () => {
    const { address, listener } = await listenForPassages(accept);
    const raw = new RawSocket(address);
    raw.send(UPGRADE);
    await eventually('it is accepted', () => raw.text !== '');
    const closed = listener.close();
    raw.send('still');
    await eventually('it is sent back', () => raw.text.endsWith('still'));
    listener.destroy();
    await Promise.all([closed, raw.closed]);
    expect(listener.pending).toBe(0);
  });
});
