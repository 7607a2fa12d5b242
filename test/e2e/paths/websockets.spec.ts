import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TestAuthority } from '../../support/certificates.js';
import { eventually } from '../../support/eventually.js';
import {
  type PathInstance,
  registerPaths,
  startInstance,
  sharedPathNode,
  startPathNode,
} from '../../support/path-instances.js';
import { RawSocket } from '../../support/raw-socket.js';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** A server of websockets (RFC 6455) for texts of less than 126 bytes: sends each back in capitals. */
async function startChat(): Promise<PathInstance & { readonly sockets: Duplex[] }> {
  const instance = await startInstance((_, response) => void response.writeHead(426).end());
  const sockets: Duplex[] = [];
  instance.server.on('upgrade', (request, socket) => {
    instance.seen.push(request);
    sockets.push(socket);
    const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}${GUID}`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`,
    );
    socket.on('error', () => undefined).on('end', () => void socket.end());
    socket.on('data', (frame: Buffer) => {
      const { text, opcode } = unmasked(frame);
      if (opcode === 8) socket.end(Buffer.of(0x88, 0));
      else socket.write(Buffer.concat([Buffer.of(0x81, text.length), Buffer.from(text.toUpperCase())]));
    });
  });
  return { ...instance, sockets };
}

function unmasked(frame: Buffer): { readonly opcode: number; readonly text: string } {
  const mask = frame.subarray(2, 6);
  const text = Buffer.from(frame.subarray(6).map((byte, at) => byte ^ mask[at % 4]!));
  return { opcode: frame[0]! & 15, text: String(text) };
}

function masked(opcode: number, text: string): Buffer {
  const mask = randomBytes(4);
  const body = Buffer.from(text).map((byte, at) => byte ^ mask[at % 4]!);
  return Buffer.concat([Buffer.of(0x80 | opcode, 0x80 | body.length), mask, body]);
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ASK = `GET /chat?room=1 HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`;

const shared = sharedPathNode();

describe('a websocket of a registered path', () => {
  it('is opened, used and closed through the node', async () => {
    const [node, chat] = [shared(), await startChat()];
    await registerPaths(node, chat.address, ['/chat']);
    const raw = new RawSocket(node.address);
    raw.send(ASK);
    await eventually('it is open', () => raw.text.includes('\r\n\r\n'));
    expect(raw.text).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\n/);
    expect(raw.text.toLowerCase()).toContain('sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=');
    expect(chat.seen[0]).toMatchObject({ url: '/chat?room=1' });
    expect(chat.seen[0]!.headers).toMatchObject({ host: 'h', 'x-forwarded-for': '127.0.0.1', upgrade: 'websocket' });
    for (const text of ['hello', 'again']) {
      raw.send(masked(1, text));
      await eventually('it is answered', () => raw.text.endsWith(text.toUpperCase()));
    }
    raw.send(masked(8, ''));
    await eventually('it is closed', () => raw.text.endsWith('\x88\0'));
    raw.socket.end();
    await raw.closed;
  });

  it('works through TLS', async () => {
    const authority = new TestAuthority();
    const listen = { host: '127.0.0.1', port: 0, side: 'inner', tls: authority.issue() } as const;
    const [node, chat] = await Promise.all([startPathNode({ listen }), startChat()]);
    await registerPaths(node, chat.address, ['/chat']);
    const socket = connectTls({ host: '127.0.0.1', port: Number(node.address.split(':')[1]), ca: authority.ca });
    onTestFinished(() => void socket.destroy());
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1'))).write(ASK);
    await eventually('it is open', () => text.includes('\r\n\r\n'));
    socket.write(masked(1, 'hello'));
    await eventually('it is answered', () => text.endsWith('HELLO'));
    expect(chat.seen[0]!.headers['x-forwarded-proto']).toBe('https');
  });

  it('ends at one side when it ends at the other', async () => {
    const [node, chat] = [shared(), await startChat()];
    await registerPaths(node, chat.address, ['/chat']);
    const [one, two] = [new RawSocket(node.address), new RawSocket(node.address)];
    one.send(ASK);
    two.send(ASK);
    await eventually('both are open', () => [one, two].every(({ text }) => text.includes('\r\n\r\n')));
    one.socket.resetAndDestroy();
    await eventually('one is gone', () => chat.sockets.filter(({ destroyed }) => destroyed).length === 1);
    for (const socket of chat.sockets) socket.destroy();
    await two.closed;
  });

  it('is refused as its server refuses it, and with 503 when there is none', async () => {
    const [node, plain] = await Promise.all([
      startPathNode(),
      startInstance((_, response) => void response.writeHead(426).end('no')),
    ]);
    await registerPaths(node, plain.address, ['/chat']);
    const raw = new RawSocket(node.address);
    raw.send(ASK);
    await raw.closed;
    expect(raw.text).toMatch(/^HTTP\/1.1 426 /);
    await new Promise((resolve) => plain.server.close(resolve));
    const late = new RawSocket(node.address);
    late.send(ASK);
    await late.closed;
    expect(late.text).toMatch(/^HTTP\/1.1 503 [^]*E0000000602/);
  });
});
