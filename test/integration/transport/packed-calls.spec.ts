import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { Header, PACKED } from '../../../lib/protocol/headers.js';
import { GrpcTransport } from '../../../lib/transport/grpc/grpc-transport.js';
import { TcpTransport } from '../../../lib/transport/tcp/tcp-transport.js';
import { FrameType, MAGIC } from '../../../lib/transport/link/wire.js';
import type {
  Acceptor,
  Connection,
  InboundCall,
  Listener,
  OutboundCall,
  SharedHead,
  Transport,
} from '../../../lib/transport/transport.js';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import { frame, framesOf, greeting } from '../../support/tcp-frames.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

function headOf(urn: string): SharedHead {
  const headers = { [Header.URN]: urn, [Header.FORM]: PACKED };
  return { path: '/echo', headers: Object.assign(Object.create(null), headers) };
}

function packed(head: SharedHead, body = 'packed'): OutboundCall {
  const { series: _, ...call } = outbound({ path: head.path, headers: head.headers, body: Buffer.from(body) });
  return { ...call, packed: head };
}

describe.each<[string, number, () => Transport]>([
  ['tcp', 1, () => new TcpTransport(transportOptions())],
  ['grpc, auto', 1, () => new GrpcTransport(transportOptions({ mode: 'auto' }))],
  ['grpc, stream', 1, () => new GrpcTransport(transportOptions({ mode: 'stream' }))],
  ['grpc, unary', 6, () => new GrpcTransport(transportOptions({ mode: 'unary' }))],
  ['grpc, several connections', 2, () => new GrpcTransport(transportOptions({ connections: 2 }))],
])('packed calls over %s', (name, objects, make) => {
  let listener: Listener;
  let connection: Connection;
  let seen: InboundCall[];

  beforeEach(async () => {
    seen = [];
    const transport = make();
    const acceptor: Acceptor = () => async (call) => {
      seen.push(call);
      return call.body;
    };
    listener = await transport.listen({ host: '127.0.0.1', port: 0 }, acceptor);
    connection = transport.dial(listener.address);
  });

  afterEach(() => {
    connection.destroy();
    listener.destroy();
  });

  it('are taken once the peer has said that it understands them, and not when it is gone', async () => {
    expect(connection.packs).toBe(false);
    for (let i = 0; i < 2; i++) await connection.call(outbound());
    expect(connection.packs).toBe(true);
    listener.destroy();
    await eventually('the connection is gone', () => connection.packs === false);
  });

  it('carry their head and body, whichever head they have', async () => {
    for (let i = 0; i < 2; i++) await connection.call(outbound());
    const heads = ['a.b', 'c.d', 'a.b'].map(headOf);
    seen = [];
    for (let round = 0; round < 3; round++) {
      for (const head of heads) {
        const answer = await connection.call(packed(head, `${round}`));
        expect(Buffer.from(answer).toString()).toBe(`${round}`);
      }
    }
    expect(seen.map((call) => call.headers[Header.URN])).toEqual([0, 1, 2].flatMap(() => ['a.b', 'c.d', 'a.b']));
    expect(seen.every((call) => call.headers[Header.FORM] === PACKED && call.path === '/echo')).toBe(true);
  });

  it('show the same headers each time when they share a head', async () => {
    for (let i = 0; i < 2; i++) await connection.call(outbound());
    const head = headOf('a.b');
    for (let i = 0; i < 2; i++) await connection.call(packed(head));
    seen = [];
    for (let i = 0; i < 6; i++) await connection.call(packed(head));
    expect(new Set(seen.map((call) => call.headers)).size).toBe(objects);
  });

  it('are not sent to a peer of whom nothing is known', async () => {
    const call = packed(headOf('a.b'));
    // Over TCP it is known once the peer has greeted, and calls wait for that.
    if (name === 'tcp') return expect(Buffer.from(await connection.call(call)).toString()).toBe('packed');
    const refused = await caught(connection.call(call));
    expect(refused).toMatchObject({ code: MeshCode.UNREACHABLE, neverSent: true });
    expect(seen).toEqual([]);
  });
});

describe('packed calls over tcp, with a peer from before there were any', () => {
  it('are not sent, and other calls are', async () => {
    const server = createServer((socket) => {
      const hello = {
        forms: new Set<never>(),
        table: { pairs: 4, characters: 100, heads: { count: 0, characters: 0 } },
      };
      socket.write(greeting(hello).subarray(MAGIC.length));
      let came = Buffer.alloc(0);
      socket
        .on('error', () => undefined)
        .on('data', (chunk: Buffer) => {
          came = Buffer.concat([came, chunk]);
          const calls = framesOf(came.subarray(MAGIC.length)).filter(({ type }) => type === FrameType.CALL);
          for (const { id } of calls) socket.write(frame(FrameType.ANSWER, id, Buffer.from('old')));
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const connection = new TcpTransport(transportOptions()).dial(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => {
      connection.destroy();
      server.close();
    });
    expect(Buffer.from(await connection.call(outbound())).toString()).toBe('old');
    expect(connection.packs).toBe(false);
    const refused = await caught(connection.call(packed(headOf('a.b'))));
    expect(refused).toMatchObject({ code: MeshCode.UNREACHABLE, neverSent: true });
  });
});
