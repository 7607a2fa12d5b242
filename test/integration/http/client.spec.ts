import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { HttpTransport } from '../../../lib/transport/http/http-transport.js';
import { type Connection, MESH_RPC_PATH } from '../../../lib/transport/transport.js';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

type Version = '1.1' | '2';

async function dialTo(server: Server, version: Version = '1.1', connections = 4): Promise<Connection> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const options = transportOptions({}, {}, {}, { version, connections });
  const connection = new HttpTransport(options).dial(`127.0.0.1:${port}`);
  onTestFinished(() => {
    connection.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return connection;
}

/** A connection to a server that is no work of ours. */
function dialServer(version: Version, serve: RequestListener, connections?: number): Promise<Connection> {
  const server = version === '2' ? createHttp2Server() : createServer();
  server.on('request', serve as never);
  return dialTo(server as Server, version, connections);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

describe.each(['1.1', '2'] as const)('the HTTP transport, with a server of its own kind, over HTTP/%s', (version) => {
  it('posts a body as what its headers say, and says what came back', async () => {
    const seen: unknown[] = [];
    const connection = await dialServer(version, async (request, response) => {
      const { method, url, headers } = request;
      seen.push([
        method,
        url,
        headers['content-type'],
        headers['content-length'],
        headers['x-ptp-topic'],
        await bodyOf(request),
      ]);
      response.writeHead(201, { 'content-type': 'Application/JSON; charset=utf-8', 'x-more': 'yes' }).end('{}');
    });
    const headers = {
      'content-type': 'application/json',
      'x-ptp-topic': 't',
      'content-length': '999',
      connection: 'close',
    };
    const answer = await connection.exchange(outbound({ path: '/v1/x?timeout=3', headers, body: Buffer.from('[1]') }));
    expect(answer).toMatchObject({ status: 201, contentType: 'application/json', headers: { 'x-more': 'yes' } });
    expect(Buffer.from(answer.body).toString()).toBe('{}');
    await connection.call(outbound());
    await connection.call(outbound({ path: MESH_RPC_PATH }));
    expect(seen).toEqual([
      ['POST', '/v1/x?timeout=3', 'application/json', '3', 't', '[1]'],
      ['POST', '/echo', 'application/octet-stream', '5', undefined, 'hello'],
      ['POST', '/mesh/invoke', 'application/json', '5', undefined, 'hello'],
    ]);
  });

  it.each([
    [403, 'application/json', '{"code":"E0000000618","message":"not in the network"}', 'E0000000618'],
    [403, 'application/json', '{"code":"oops","message":7}', MeshCode.FORBIDDEN],
    [503, 'application/json', 'no JSON', MeshCode.UNREACHABLE],
    [503, 'application/json', 'null', MeshCode.UNREACHABLE],
    [404, 'text/html', '<p>not here</p>', MeshCode.NOT_FOUND],
    [413, 'text/plain', '', MeshCode.MESSAGE_TOO_LONG],
    [302, 'text/plain', '', MeshCode.SYSTEM_ERROR],
  ])('makes an error of status %i, unless it is asked for the answer (%s %s)', async (status, type, body, code) => {
    const connection = await dialServer(version, (_, response) => {
      response.writeHead(status, { 'content-type': type }).end(body);
    });
    const error = await caught(connection.call(outbound()));
    expect(error).toMatchObject({ code, neverSent: false });
    expect(error.message).toContain(`HTTP status ${status}`);
    expect((await connection.exchange(outbound())).status).toBe(status);
  });

  it('takes no answer over the limit, whether or not its length is announced', async () => {
    let announce = true;
    const connection = await dialServer(version, (_, response: ServerResponse) => {
      const body = Buffer.alloc(2 * 1024 * 1024 + 1);
      if (announce) response.writeHead(200, { 'content-length': body.length });
      response.end(body);
    });
    expect((await caught(connection.call(outbound()))).code).toBe(MeshCode.MESSAGE_TOO_LONG);
    announce = false;
    expect((await caught(connection.call(outbound()))).code).toBe(MeshCode.MESSAGE_TOO_LONG);
    expect(connection.pending).toBe(0);
  });

  it('says that a call was lost whose connection breaks within the answer', async () => {
    const connection = await dialServer(version, (request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('half');
      setTimeout(() => request.socket.destroy(), 20);
    });
    expect(await caught(connection.call(outbound()))).toMatchObject({ code: MeshCode.UNREACHABLE, neverSent: false });
    expect(connection.pending).toBe(0);
  });

  it('sends no header that HTTP cannot carry', async () => {
    let requests = 0;
    const connection = await dialServer(version, (_, response) => void (requests++, response.end('ok')));
    for (const headers of <Record<string, string>[]>[{ 'x-a': 'a\r\nx-b: b' }, { 'x a': 'b' }, { 'x-a': '\u4e0d' }]) {
      const error = await caught(connection.call(outbound({ headers })));
      expect(error).toMatchObject({ code: MeshCode.INVALID_REQUEST, neverSent: true });
    }
    expect(Buffer.from(await connection.call(outbound())).toString()).toBe('ok');
    expect(requests).toBe(1);
  });

  it('fails calls to what speaks no HTTP', async () => {
    const connection = await dialTo(
      createTcpServer((socket) => void socket.on('error', () => undefined).write('rubbish\r\n\r\n')),
      version,
    );
    const error = await caught(connection.call(outbound()));
    expect([MeshCode.UNREACHABLE, MeshCode.ADDRESS_UNREACHABLE]).toContain(error.code);
    expect(connection.pending).toBe(0);
  });

  it('opens no streams', async () => {
    const connection = await dialServer(version, (_, response) => void response.end());
    const stream = connection.open(outbound());
    expect(await caught(stream.send(Buffer.alloc(1)))).toMatchObject({ code: MeshCode.INCOMPATIBLE, neverSent: true });
    expect(connection.pending).toBe(0);
  });
});

describe('the HTTP transport over HTTP/1.1', () => {
  it('keeps connections for the next call, and makes no more than it may', async () => {
    const sockets = new Set<unknown>();
    let under = 0;
    let most = 0;
    const connection = await dialServer(
      '1.1',
      (request, response) => {
        sockets.add(request.socket);
        most = Math.max(most, ++under);
        setTimeout(() => (under--, response.end('ok')), 5);
      },
      3,
    );
    await Promise.all(Array.from({ length: 12 }, () => connection.call(outbound())));
    await connection.call(outbound());
    expect([sockets.size, most]).toEqual([3, 3]);
  });

  it('takes another connection when the peer has closed the one it kept', async () => {
    const sockets: Socket[] = [];
    const connection = await dialServer('1.1', (request, response) => {
      sockets.push(request.socket);
      response.end('ok');
    });
    await connection.call(outbound());
    for (let i = 0; i < 5; i++) {
      sockets.at(-1)?.end();
      await eventually('it is closed here', () => sockets.at(-1)?.writableFinished === true);
      expect(Buffer.from(await connection.call(outbound())).toString()).toBe('ok');
    }
    expect(new Set(sockets).size).toBe(6);
  });

  it('lets go of calls that wait for a connection', async () => {
    const connection = await dialServer('1.1', () => undefined, 1);
    const [first, second] = [1_000, 40].map((timeoutMs) => caught(connection.call(outbound({ timeoutMs }))));
    expect((await second)?.code).toBe(MeshCode.TIMEOUT);
    expect(connection.pending).toBe(1);
    connection.destroy();
    expect((await first)?.code).toBe(MeshCode.UNREACHABLE);
  });
});
