import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../lib/context/cancellation.js';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { MeshError } from '../../lib/errors/mesh-error.js';
import { ConnectionPool } from '../../lib/transport/connection-pool.js';
import { AutoTransport } from '../../lib/transport/auto/auto-transport.js';
import { GrpcTransport } from '../../lib/transport/grpc/grpc-transport.js';
import { HttpTransport } from '../../lib/transport/http/http-transport.js';
import { MemoryNetwork } from '../../lib/transport/memory/memory-network.js';
import { MemoryTransport } from '../../lib/transport/memory/memory-transport.js';
import { TcpTransport } from '../../lib/transport/tcp/tcp-transport.js';
import type { Acceptor, Connection, InboundCall, Transport } from '../../lib/transport/transport.js';
import { eventually } from '../support/eventually.js';
import { outbound, transportOptions } from '../support/transport-fixtures.js';

/** Heap that may be in use after the last of many rounds beyond that after the first ones, in bytes. */
const TOLERATED_BYTES = 1024 * 1024;

const acceptor: Acceptor = (path) => {
  if (path === '/never') return () => new Promise(() => undefined);
  if (path === '/fails') return () => Promise.reject(new MeshError(MeshCode.FORBIDDEN, 'no'));
  return path === '/echo' ? async (call: InboundCall) => call.body : undefined;
};

/** What keeps the process alive, beside what the test runner itself holds. */
function handles(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => name.startsWith('TCP') || name === 'Timeout' || name === 'Immediate');
}

/** The heap in use, after a collection. */
async function heapUsed(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await sleep(5);
  }
  return process.memoryUsage().heapUsed;
}

/** Calls that end in every way there is. */
async function mixedCalls(connection: Connection): Promise<void> {
  const cancellation = new Cancellation();
  const calls = Array.from({ length: 100 }, () => connection.call(outbound({ timeoutMs: 5_000 })));
  calls.push(connection.call(outbound({ path: '/never', timeoutMs: 5 })));
  calls.push(connection.call(outbound({ path: '/never', cancellation })));
  calls.push(connection.call(outbound({ path: '/fails' })), connection.call(outbound({ path: '/unknown' })));
  calls.push(connection.call(outbound({ body: Buffer.alloc(2 * 1024 * 1024 + 1) })));
  setTimeout(() => cancellation.cancel(new MeshError(MeshCode.CANCELLED, 'enough')), 3);
  await Promise.allSettled(calls);
}

const transports: readonly [string, () => Transport][] = [
  ['grpc, unary', () => new GrpcTransport(transportOptions())],
  ['grpc, auto', () => new GrpcTransport(transportOptions({ mode: 'auto' }))],
  ['grpc, stream', () => new GrpcTransport(transportOptions({ mode: 'stream' }))],
  ['tcp', () => new TcpTransport(transportOptions())],
  ['auto', () => new AutoTransport(transportOptions())],
  ['http 1.1', () => new HttpTransport(transportOptions())],
  ['http 2', () => new HttpTransport(transportOptions({}, {}, {}, { version: '2' }))],
  ['memory', () => new MemoryTransport(new MemoryNetwork(), transportOptions())],
];

describe.each(transports)('%s', (_name, make) => {
  it('leaves nothing open once it is closed, however calls ended', async () => {
    const before = handles();
    const transport = make();
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, acceptor);
    const pool = new ConnectionPool((_, address) => transport.dial(address), { idleTimeoutMs: 60_000 });
    await mixedCalls(pool.get({ address: listener.address }));
    await pool
      .get({ address: '127.0.0.1:9' })
      .call(outbound())
      .catch(() => undefined);
    await pool.close();
    await listener.close();
    await eventually(`as before: ${before.join()}`, () => handles().length <= before.length);
  });

  it('leaves nothing open once it is destroyed with calls under way', async () => {
    const before = handles();
    const transport = make();
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, acceptor);
    const connection = transport.dial(listener.address);
    const calls = Array.from({ length: 50 }, () => connection.call(outbound({ path: '/never' })));
    await eventually('they are under way', () => listener.pending === 50);
    connection.destroy();
    listener.destroy();
    await Promise.allSettled(calls);
    await eventually(`as before: ${before.join()}`, () => handles().length <= before.length);
    expect(listener.pending).toBe(0);
  });

  it('keeps no memory of calls that are over', async () => {
    const transport = make();
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, acceptor);
    const connection = transport.dial(listener.address);
    for (let i = 0; i < 20; i++) await mixedCalls(connection);
    const before = await heapUsed();
    for (let i = 0; i < 40; i++) await mixedCalls(connection);
    expect((await heapUsed()) - before).toBeLessThan(TOLERATED_BYTES);
    connection.destroy();
    listener.destroy();
  });

  it('keeps no memory of connections that are closed', async () => {
    const transport = make();
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, acceptor);
    const round = async (): Promise<void> => {
      const connection = transport.dial(listener.address);
      await connection.call(outbound());
      await connection.close();
    };
    for (let i = 0; i < 50; i++) await round();
    const before = await heapUsed();
    for (let i = 0; i < 200; i++) await round();
    // The other side has half a second to read the end of a connection.
    for (let i = 0; i < 10 && (await heapUsed()) - before >= TOLERATED_BYTES; i++) await sleep(100);
    expect((await heapUsed()) - before).toBeLessThan(TOLERATED_BYTES);
    listener.destroy();
  });
});

describe('an idle connection', () => {
  it('does not keep the process alive', async () => {
    const transport = new GrpcTransport(transportOptions());
    const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, acceptor);
    const connection = transport.dial(listener.address);
    await connection.call(outbound());
    const held = (): number => handles().filter((name) => name === 'TCPSocketWrap').length;
    const call = connection.call(outbound({ path: '/never', timeoutMs: 200 })).catch(() => undefined);
    // What keeps the process alive meanwhile is the timer of the call.
    expect(handles()).toContain('Timeout');
    await call;
    await eventually("the one socket held is the listener's end", () => held() <= 1);
    connection.destroy();
    listener.destroy();
  });
});
