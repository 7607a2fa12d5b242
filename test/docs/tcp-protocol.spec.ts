/**
 * The conversation that docs/tcp-protocol.md shows byte by byte, between a caller and a server of ours: each says what the page
 * says, and nothing else.
 */
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Cancellation } from '../../lib/context/cancellation.js';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { MeshError } from '../../lib/errors/mesh-error.js';
import { resolveMeshOptions } from '../../lib/options/resolve-options.js';
import { TcpTransport } from '../../lib/transport/tcp/tcp-transport.js';
import type { Acceptor, InboundStream, OutboundCall, SharedHead } from '../../lib/transport/transport.js';
import { caught } from '../support/caught.js';
import { root } from '../support/dist.js';
import { eventually } from '../support/eventually.js';
import { outbound } from '../support/transport-fixtures.js';

const page = readFileSync(join(root, 'docs/tcp-protocol.md'), 'utf8');

/** What a side says on the page: `caller: 8d 4d 00*3  # why`, and lines that go on with it. */
function saidBy(side: 'caller' | 'server'): string {
  const [, block = ''] = /```text\n(caller: [^`]*)```/.exec(page) ?? [];
  let speaker = '';
  let hex = '';
  for (const line of block.split('\n')) {
    const [, who, bytes = ''] = /^(?:(\w+):)?([^#]*)/.exec(line) ?? [];
    speaker = who ?? speaker;
    if (speaker !== side) continue;
    for (const [, byte = '', times = '1'] of bytes.matchAll(/([0-9a-f]{2})(?:\*(\d+))?/g))
      hex += byte.repeat(Number(times));
  }
  return hex;
}

/** Stands between two sides, and keeps what they say. */
class Between {
  caller = '';
  server = '';
  /** How many of the two have said all. */
  ended = 0;

  async before(address: string): Promise<string> {
    const between = createServer((socket) => this.join(socket, connect(Number(address.split(':')[1]), '127.0.0.1')));
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void between.close());
    return `127.0.0.1:${(between.address() as AddressInfo).port}`;
  }

  private join(caller: Socket, server: Socket): void {
    for (const socket of [caller, server]) onTestFinished(() => void socket.on('error', () => undefined).destroy());
    for (const socket of [caller, server]) socket.once('end', () => this.ended++);
    caller.on('data', (chunk: Buffer) => (this.caller += chunk.toString('hex'))).pipe(server);
    server.on('data', (chunk: Buffer) => (this.server += chunk.toString('hex'))).pipe(caller);
  }
}

async function sendFirst(stream: InboundStream): Promise<void> {
  for await (const message of stream.messages) return stream.send(message);
}

describe('the conversation of docs/tcp-protocol.md', () => {
  it('is what a caller and a server of ours say', async () => {
    let held = 0;
    const acceptor: Acceptor = (path) => {
      if (path === '/s') return { stream: sendFirst };
      if (path === '/no') return () => Promise.reject(new MeshError(MeshCode.FORBIDDEN, 'not you'));
      return path === '/wait' ? () => (held++, new Promise(() => undefined)) : async ({ body }) => body;
    };
    const of = (nodeId: string) => new TcpTransport(resolveMeshOptions({ nodeId, instId: 'JG1' }, {}));
    const listener = await of('LX2').listen({ host: '127.0.0.1', port: 0 }, acceptor);
    onTestFinished(() => listener.destroy());
    const between = new Between();
    const connection = of('LX1').dial(await between.before(listener.address));
    onTestFinished(() => connection.destroy());
    const call = (path: string, body = 'hi', more: Partial<OutboundCall> = {}): Promise<Uint8Array> =>
      connection.call({ ...outbound({ path, body: Buffer.from(body) }), deadline: Infinity, ...more });

    const headers = Object.assign(Object.create(null), { 'mesh-urn': 'a.b', own: 'é' });
    for (let i = 0; i < 3; i++) await call('/p', 'hi', { headers });
    const packed: SharedHead = { path: '/p', headers: Object.assign(Object.create(null), { 'mesh-form': 'packed' }) };
    for (let i = 0; i < 2; i++) await call('/p', 'hi', { headers: packed.headers, packed });
    expect((await caught(call('/no'))).code).toBe(MeshCode.FORBIDDEN);
    expect(await call('/p', '\0'.repeat(16_385))).toHaveLength(16_385);
    const cancellation = new Cancellation();
    const cancelled = caught(call('/wait', 'hi', { cancellation }));
    await eventually('the call has come', () => held === 1);
    cancellation.cancel(new MeshError(MeshCode.CANCELLED, 'enough'));
    await cancelled;
    const stream = connection.open({ path: '/s', headers: {}, cancellation: new Cancellation() });
    await stream.send(Buffer.from('hi'));
    for await (const message of stream.messages) expect(String(message)).toBe('hi');
    await listener.close();
    await eventually('the connection is over', () => between.ended === 2);
    expect(between.server).toBe(saidBy('server'));
    expect(between.caller).toBe(saidBy('caller'));
  });
});
