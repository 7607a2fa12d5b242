import { connect, createServer, type ClientHttp2Session, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { GrpcTransport } from '../../../lib/transport/grpc/grpc-transport.js';
import { HttpTransport } from '../../../lib/transport/http/http-transport.js';
import type { Connection, DuplexStream, Listener, Transport } from '../../../lib/transport/transport.js';
import { eventually } from '../../support/eventually.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

/** Above it, node:http2 stalls for good when more is under way in both directions than the sockets hold. */
const LARGEST_WINDOW = 1024 * 1024;

/** The least that lets a message of some 64 KiB through without a pause, which is what the default of HTTP/2 does not. */
const LEAST_WINDOW = 256 * 1024;

const MESSAGE_BYTES = 512 * 1024;
const MESSAGES = 48;
const LIMIT_MS = 4_000;

const single = { connections: 1 };
const transports: readonly [string, () => Transport][] = [
  ['grpc, unary', () => new GrpcTransport(transportOptions({ mode: 'unary', ...single }))],
  ['grpc, in series', () => new GrpcTransport(transportOptions({ mode: 'stream', ...single }))],
  ['http 2', () => new HttpTransport(transportOptions({}, {}, {}, { version: '2', ...single }))],
];

const message = Buffer.alloc(MESSAGE_BYTES, 'm');

async function listen(transport: Transport): Promise<Listener> {
  const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, (path) =>
    path === '/stream'
      ? {
          stream: async (stream) => {
            for await (const received of stream.messages) await stream.send(received);
          },
        }
      : async ({ body }) => body,
  );
  onTestFinished(() => listener.destroy());
  return listener;
}

async function pair(transport: Transport): Promise<Connection> {
  const { address } = await listen(transport);
  const connection = transport.dial(address);
  onTestFinished(() => connection.destroy());
  return connection;
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

async function sendAll(stream: DuplexStream, count: number): Promise<void> {
  await Promise.all(times(count, () => stream.send(message)));
  stream.end();
}

async function bytesOf(stream: DuplexStream): Promise<number> {
  let bytes = 0;
  for await (const received of stream.messages) bytes += received.length;
  return bytes;
}

describe('more both ways on one connection than sockets hold', () => {
  it.each(transports)('%s: all calls are answered', async (_, make) => {
    const connection = await pair(make());
    const answers = await Promise.all(
      times(MESSAGES, () => connection.call(outbound({ body: message, timeoutMs: LIMIT_MS }))),
    );
    expect(answers.every((answer) => message.equals(answer))).toBe(true);
  });

  it('grpc: all messages of all streams come back', async () => {
    const connection = await pair(new GrpcTransport(transportOptions(single)));
    const cancellation = new Cancellation();
    const streams = times(4, () => connection.open({ path: '/stream', headers: {}, cancellation }));
    const received = await Promise.all(
      streams.map(async (stream) => {
        const [bytes] = await Promise.all([bytesOf(stream), sendAll(stream, MESSAGES / 4)]);
        return bytes;
      }),
    );
    expect(received).toEqual(times(4, () => (MESSAGES / 4) * MESSAGE_BYTES));
  });
});

describe('the windows of HTTP/2', () => {
  /** What the other end may send without being answered, for a stream and for all of the connection. */
  async function expectWindows(session: ClientHttp2Session | ServerHttp2Session): Promise<void> {
    const windows = (): readonly [number, number] => [
      session.remoteSettings.initialWindowSize ?? 0,
      session.state.remoteWindowSize ?? 0,
    ];
    await eventually('the windows are open', () => windows().every((bytes) => bytes >= LEAST_WINDOW));
    expect(Math.max(...windows())).toBeLessThanOrEqual(LARGEST_WINDOW);
  }

  it('are between 256 KiB and 1 MiB where we listen', async () => {
    const { address } = await listen(new GrpcTransport(transportOptions()));
    const session = connect(`http://${address}`);
    onTestFinished(() => session.destroy());
    await expectWindows(session);
  });

  it.each(transports)('are so where we call: %s', async (_, make) => {
    const server = createServer();
    const arrived = new Promise<ServerHttp2Session>((resolve) => server.once('session', resolve));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const connection = make().dial(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => connection.destroy());
    connection.call(outbound()).catch(() => undefined);
    await expectWindows(await arrived);
  });
});
