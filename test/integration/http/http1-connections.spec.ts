import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { HttpConnection } from '../../../lib/transport/http/http-connection.js';
import { Http1Wire } from '../../../lib/transport/http/http1-wire.js';
import { targetOf } from '../../../lib/transport/target.js';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import { outbound } from '../../support/transport-fixtures.js';

const MIB = 1024 * 1024;

/** A request as it came: all bytes of it. */
type Serve = (request: string, socket: Socket) => void;

interface Peer {
  readonly connection: HttpConnection;
  /** The connections that came. */
  readonly sockets: Socket[];
  /** The requests that came, their heads and bodies. */
  readonly requests: string[];
}

interface PeerInit {
  readonly connections?: number;
  readonly connectTimeoutMs?: number;
  readonly keptMs?: number;
}

/** A peer that writes what it is told to, whatever HTTP says about that. */
async function peer(serve: Serve, { connections = 4, connectTimeoutMs = 5_000, keptMs }: PeerInit = {}): Promise<Peer> {
  const sockets: Socket[] = [];
  const requests: string[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    let seen = '';
    socket
      .on('error', () => undefined)
      .on('data', (bytes: Buffer) => {
        seen += bytes.toString('latin1');
        const length = Number(/content-length: (\d+)/.exec(seen)?.[1]);
        if (seen.length - seen.indexOf('\r\n\r\n') - 4 < length) return;
        requests.push(seen);
        serve(seen, socket);
        seen = '';
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const wire = new Http1Wire(targetOf(address), { connections, connectTimeoutMs }, 2 * MIB, keptMs);
  const connection = new HttpConnection(address, wire, 2 * MIB);
  onTestFinished(() => {
    connection.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { connection, sockets, requests };
}

const answer = (body: string, fields = ''): string =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${fields}\r\n${body}`;

const textOf = async (call: Promise<Uint8Array>): Promise<string> => String(await call);

describe('connections over HTTP/1.1', () => {
  it('write a request as the standard has it, large or small', async () => {
    const { connection, requests } = await peer((request, socket) => socket.write(answer(String(request.length))));
    for (const size of [1, 100_000]) {
      const body = Buffer.alloc(size, 'x');
      const length = Number(await textOf(connection.call(outbound({ path: '/a?b=c', headers: { 'x-y': 'z' }, body }))));
      const request = requests.at(-1) ?? '';
      expect(request).toHaveLength(length);
      const [head, ...rest] = request.split('\r\n\r\n');
      expect(head?.split('\r\n')).toEqual([
        'POST /a?b=c HTTP/1.1',
        expect.stringMatching(/^host: 127\.0\.0\.1:\d+$/),
        'connection: keep-alive',
        'x-y: z',
        'content-type: application/octet-stream',
        `content-length: ${size}`,
      ]);
      expect(rest).toEqual(['x'.repeat(size)]);
    }
  });

  it.each(['/a b', '/a\r\nx-evil: 1', '', '/\u4e0d'])(
    'send no path that a request line cannot name: %j',
    async (path) => {
      const { connection, requests } = await peer((_, socket) => socket.write(answer('ok')));
      const error = await caught(connection.call(outbound({ path })));
      expect(error).toMatchObject({ code: MeshCode.INVALID_REQUEST, neverSent: true });
      expect([connection.pending, requests]).toEqual([0, []]);
    },
  );

  it.each([
    ['more than was asked for', (socket: Socket) => socket.write(answer('ok') + answer('forged'))],
    ['an answer in HTTP/1.0', (socket: Socket) => socket.write(answer('ok').replace('1.1', '1.0'))],
    ['an answer with `connection: close`', (socket: Socket) => socket.write(answer('ok', 'connection: close\r\n'))],
    ['an answer until the end', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nok')],
    ['an answer that is not kept at all', (socket: Socket) => socket.write(answer('ok', 'keep-alive: timeout=0\r\n'))],
  ])('are not used again after %s', async (_, serve) => {
    const { connection, sockets } = await peer((_request, socket) => serve(socket), { connections: 1 });
    const calls = Array.from({ length: 3 }, () => textOf(connection.call(outbound())));
    expect(await Promise.all(calls)).toEqual(['ok', 'ok', 'ok']);
    expect(sockets).toHaveLength(3);
    await eventually('they are closed', () => sockets.every((socket) => socket.readableEnded || socket.destroyed));
  });

  it('are used again after interim answers, chunks, and answers without a body', async () => {
    const answers = [
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n' + answer('first'),
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nsec\r\n3\r\nond\r\n0\r\nx-trailer: x\r\n\r\n',
      'HTTP/1.1 204 No Content\r\n\r\n',
      answer('last'),
    ];
    const { connection, sockets } = await peer((_, socket) => socket.write(answers.shift() ?? ''));
    const seen: string[] = [];
    for (let i = 0; i < 4; i++) seen.push(await textOf(connection.call(outbound())));
    expect([seen, sockets.length]).toEqual([['first', 'second', '', 'last'], 1]);
  });

  it('are dropped when something comes that nobody asked for, and it is nobody’s answer', async () => {
    const { connection, sockets } = await peer((_, socket) => socket.write(answer('ok')));
    await connection.call(outbound());
    sockets.at(-1)?.write(answer('forged'));
    await eventually(
      'it is dropped',
      () => sockets.at(-1)?.destroyed === true || sockets.at(-1)?.readableEnded === true,
    );
    expect(await textOf(connection.call(outbound()))).toBe('ok');
    expect(connection.pending).toBe(0);
  });

  it('fail a call whose answer is malformed or broken off, and nothing else', async () => {
    const answers = [
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 20\r\n\r\nok',
      'HTTP/1.1 200 OK\r\nx: y\r\n z\r\n\r\n',
    ];
    const { connection } = await peer((_, socket) => socket.write(answers.shift() ?? answer('ok')));
    for (let left = answers.length; left > 0; left--) {
      const error = await caught(connection.call(outbound()));
      expect(error).toMatchObject({ code: MeshCode.UNREACHABLE, neverSent: false });
      expect(error.message).toContain('what came is no answer in HTTP/1.1');
    }
    expect(await textOf(connection.call(outbound()))).toBe('ok');
  });

  it('stay for no longer without a call than the peer keeps them, or than they are to', async () => {
    const { connection, sockets } = await peer((_, socket) => socket.write(answer('ok')), { keptMs: 20 });
    await connection.call(outbound());
    await eventually('it is closed', () => sockets[0]?.readableEnded === true);
    const short = await peer((_, socket) => socket.write(answer('ok', 'keep-alive: timeout=1\r\n')));
    const begun = performance.now();
    await short.connection.call(outbound());
    await eventually('it is closed', () => short.sockets[0]?.readableEnded === true);
    expect(performance.now() - begun).toBeGreaterThan(400);
  });

  it('are taken in the order in which calls wait, except by those that were given up', async () => {
    const served: Socket[] = [];
    const { connection, requests } = await peer((_, socket) => void served.push(socket), { connections: 1 });
    const cancellation = new Cancellation();
    const first = textOf(connection.call(outbound({ path: '/1' })));
    const second = caught(connection.call(outbound({ path: '/2', cancellation })));
    const third = textOf(connection.call(outbound({ path: '/3' })));
    await eventually('the first has arrived', () => served.length === 1);
    cancellation.cancel(new MeshError(MeshCode.CANCELLED, 'enough'));
    expect((await second).code).toBe(MeshCode.CANCELLED);
    served[0]?.write(answer('one'));
    expect(await first).toBe('one');
    await eventually('the third has arrived', () => served.length === 2);
    served[1]?.write(answer('three'));
    expect(await third).toBe('three');
    expect(requests.map((request) => request.split(' ')[1])).toEqual(['/1', '/3']);
    expect(connection.pending).toBe(0);
  });

  it('are closed with the call that was given up, and made anew for the next', async () => {
    let times = 0;
    const { connection, sockets } = await peer((_, socket) => void (times++ > 0 && socket.write(answer('ok'))), {
      connections: 1,
    });
    const cancellation = new Cancellation();
    const slow = caught(connection.call(outbound({ cancellation })));
    const next = textOf(connection.call(outbound()));
    await eventually('it has arrived', () => times === 1);
    cancellation.cancel(new MeshError(MeshCode.TIMEOUT, 'late'));
    expect(await slow).toMatchObject({ code: MeshCode.TIMEOUT, neverSent: false });
    expect(await next).toBe('ok');
    expect(sockets).toHaveLength(2);
  });

  it('take an answer that comes before all was sent', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).once('data', () => socket.write(answer('enough')));
      socket.pause().resume();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const wire = new Http1Wire(targetOf(address), { connections: 1, connectTimeoutMs: 5_000 }, 64 * MIB);
    const connection = new HttpConnection(address, wire, 64 * MIB);
    onTestFinished(() => (connection.destroy(), void server.close()));
    const body = Buffer.alloc(32 * MIB);
    expect(await textOf(connection.call(outbound({ body })))).toBe('enough');
    expect(await textOf(connection.call(outbound()))).toBe('enough');
  });

  it('fail with what was said when they are closed, whether or not their call was sent', async () => {
    const { connection, requests } = await peer(() => undefined, { connections: 1 });
    const calls = [1, 2].map(() => caught(connection.call(outbound())));
    await eventually('one has arrived', () => requests.length === 1);
    connection.destroy();
    for (const call of calls) expect(await call).toMatchObject({ code: MeshCode.UNREACHABLE });
    expect(await caught(connection.call(outbound()))).toMatchObject({
      code: MeshCode.ADDRESS_UNREACHABLE,
      neverSent: true,
    });
    expect(connection.pending).toBe(0);
  });

  it('close once the calls under way are answered', async () => {
    const { connection, sockets } = await peer(async (_, socket) => {
      await sleep(20);
      socket.write(answer('ok'));
    });
    const call = textOf(connection.call(outbound()));
    await connection.close();
    expect(await call).toBe('ok');
    await eventually('it is closed', () => sockets[0]?.readableEnded === true);
  });

  it('are not waited for longer than they may take', async () => {
    const wire = new Http1Wire(targetOf('192.0.2.1:9'), { connections: 1, connectTimeoutMs: 30 }, MIB);
    const connection = new HttpConnection('192.0.2.1:9', wire, MIB);
    const error = await caught(connection.call(outbound()));
    expect(error).toMatchObject({ code: MeshCode.ADDRESS_UNREACHABLE, neverSent: true });
    expect(connection.pending).toBe(0);
  });
});
