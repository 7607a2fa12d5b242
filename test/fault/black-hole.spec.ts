import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Cancellation } from '../../lib/context/cancellation.js';
import type { TimeLimits } from '../../lib/context/time-limits.js';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { MeshError } from '../../lib/errors/mesh-error.js';
import type { DialTlsOptions } from '../../lib/options/dial-options.js';
import { GrpcTransport } from '../../lib/transport/grpc/grpc-transport.js';
import { HttpTransport } from '../../lib/transport/http/http-transport.js';
import { TcpTransport } from '../../lib/transport/tcp/tcp-transport.js';
import type { Connection, DuplexStream } from '../../lib/transport/transport.js';
import { type BlackHole, openBlackHole } from '../support/black-hole.js';
import { silentAddress } from '../support/nodes.js';
import { failureOf, outbound, transportOptions } from '../support/transport-fixtures.js';

let hole: BlackHole;
beforeAll(async () => void (hole = await openBlackHole()));
afterAll(() => hole.close());

interface DialOptions {
  readonly connectTimeoutMs?: number;
  readonly connections?: number;
  readonly tls?: DialTlsOptions;
}

type Dial = (address: string, options?: DialOptions) => Connection;

const overGrpc: Dial = (address, options) => kept(new GrpcTransport(transportOptions(options)).dial(address));
const overHttp =
  (version: '1.1' | '2'): Dial =>
  (address, options) =>
    kept(new HttpTransport(transportOptions({}, {}, {}, { ...options, version })).dial(address));
const overTcp: Dial = (address, options) =>
  kept(new TcpTransport(transportOptions({}, {}, {}, {}, options)).dial(address));
const throughTls =
  (dial: Dial): Dial =>
  (address, options) =>
    dial(address, { ...options, tls: {} });

const wires: readonly (readonly [string, Dial])[] = [
  ['gRPC', overGrpc],
  ['gRPC through TLS', throughTls(overGrpc)],
  ['TCP', overTcp],
  ['TCP through TLS', throughTls(overTcp)],
  ['HTTP/1.1', overHttp('1.1')],
  ['HTTP/1.1 through TLS', throughTls(overHttp('1.1'))],
  ['HTTP/2', overHttp('2')],
];

function kept(connection: Connection): Connection {
  onTestFinished(() => connection.destroy());
  return connection;
}

describe.each(wires)('a call over %s to what drops attempts to connect', (_name, dial) => {
  it('ends after the time for connecting', async () => {
    const failure = await failureOf(dial(hole.address, { connectTimeoutMs: 40 }).call(outbound()));
    expect(failure).toMatchObject({ code: MeshCode.ADDRESS_UNREACHABLE, neverSent: true });
    expect(failure.message).toBe(`no connection to ${hole.address}: it was not taken within 40 ms`);
  });

  it('says at its deadline that it was still connecting', async () => {
    const failure = await failureOf(dial(hole.address).call(outbound({ timeoutMs: 20 })));
    expect(failure).toMatchObject({ code: MeshCode.TIMEOUT, neverSent: true });
    expect(failure.message).toContain(`still connecting to ${hole.address}`);
  });

  it('says so, too, when its caller gives it up for want of time', async () => {
    const cancellation = new Cancellation();
    const call = dial(hole.address).call(outbound({ cancellation }));
    cancellation.cancel(new MeshError(MeshCode.TIMEOUT, 'late'));
    expect((await failureOf(call)).message).toContain(`still connecting to ${hole.address}`);
  });

  it('ends when there has to be a connection', async () => {
    const failure = await failureOf(dial(hole.address).call({ ...outbound(), connectBy: Date.now() + 20 }));
    expect(failure).toMatchObject({ code: MeshCode.ADDRESS_UNREACHABLE, neverSent: true });
  });

  it('ends when the connection is destroyed', async () => {
    const connection = dial(hole.address);
    const failure = failureOf(connection.call(outbound()));
    await new Promise(setImmediate);
    connection.destroy();
    expect([MeshCode.ADDRESS_UNREACHABLE, MeshCode.UNREACHABLE]).toContain((await failure).code);
  });
});

it('a call over HTTP/1.1 that waits for one of the connections ends as those that are connecting', async () => {
  const connection = overHttp('1.1')(hole.address, { connections: 1 });
  const first = failureOf(connection.call(outbound()));
  const second = await failureOf(connection.call({ ...outbound(), connectBy: Date.now() + 20 }));
  expect(second.code).toBe(MeshCode.ADDRESS_UNREACHABLE);
  connection.destroy();
  await first;
});

describe('a call to what takes connections and says nothing', () => {
  it.each([
    ['gRPC', overGrpc],
    ['HTTP/2', overHttp('2')],
  ])('over %s was not sent, and is late', async (_name, dial) => {
    const connection = dial(await silentAddress());
    const late = (time: Partial<TimeLimits>) => failureOf(connection.call({ ...outbound(), ...time }));
    let failure = await late({ connectBy: Date.now() + 20 });
    // It is still connecting where the machine is busy.
    while (failure.code === MeshCode.ADDRESS_UNREACHABLE) failure = await late({ connectBy: Date.now() + 20 });
    for (const one of [failure, await late({ deadline: Date.now() + 20 })]) {
      expect(one).toMatchObject({ code: MeshCode.TIMEOUT, neverSent: true });
      expect(one.message).toContain('took the connection, and did not say that it takes calls');
    }
  });

  it('over HTTP/1.1 was sent, and is late at its deadline', async () => {
    const connection = overHttp('1.1')(await silentAddress());
    const late = (connectMs: number) => {
      const now = Date.now();
      return failureOf(connection.call({ ...outbound(), connectBy: now + connectMs, deadline: now + 2 * connectMs }));
    };
    let connectMs = 20;
    let failure = await late(connectMs);
    // It is still connecting where the machine is busy.
    while (failure.neverSent) failure = await late((connectMs *= 2));
    expect(failure).toMatchObject({ code: MeshCode.TIMEOUT, neverSent: false });
  });
});

describe('a stream over gRPC', () => {
  const open = (connection: Connection): DuplexStream =>
    connection.open({ path: '/stream', headers: {}, cancellation: new Cancellation() });

  it('says that nothing was sent while it is connecting', async () => {
    const stream = open(overGrpc(hole.address, { connectTimeoutMs: 40 }));
    expect(stream.unsent).toEqual({ stage: 'connecting', address: hole.address });
    await stream.opened?.();
    expect(stream.unsent).toBeUndefined();
    expect((await failureOf(stream.send(Buffer.alloc(1)))).code).toBe(MeshCode.ADDRESS_UNREACHABLE);
  });

  it('has nothing to wait for once there is a connection', async () => {
    const listener = await new GrpcTransport(transportOptions()).listen(
      { host: '127.0.0.1', port: 0 },
      () => undefined,
    );
    onTestFinished(() => listener.destroy());
    const stream = open(overGrpc(listener.address));
    expect(stream.unsent?.stage).toBe('connecting');
    await stream.opened?.();
    expect(stream.unsent).toBeUndefined();
    await stream.opened?.();
  });
});
