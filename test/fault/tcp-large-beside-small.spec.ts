import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TcpTransport } from '../../lib/transport/tcp/tcp-transport.js';
import type { Acceptor, Connection, Listener } from '../../lib/transport/transport.js';
import { outbound, transportOptions } from '../support/transport-fixtures.js';

const LARGE = 64 * 1024 * 1024;

/** Small calls, one after the other, that have to get through while one large message is under way. */
const AT_LEAST = 3;

const acceptor: Acceptor = (path) => async (call) => {
  if (path === '/swallow') return Buffer.of(1);
  return path === '/large' ? Buffer.alloc(LARGE) : call.body;
};

describe('a message of 64 MiB on a TCP connection', () => {
  const options = transportOptions({}, { maxMessageBytes: LARGE });
  const transport = new TcpTransport(options);
  let listener: Listener;
  let connection: Connection;

  beforeAll(async () => {
    listener = await transport.listen({ host: '127.0.0.1', port: 0 }, acceptor);
    connection = transport.dial(listener.address);
  });

  afterAll(() => {
    connection.destroy();
    listener.destroy();
  });

  it.each([
    ['to the server', () => connection.call(outbound({ path: '/swallow', body: Buffer.alloc(LARGE) }))],
    ['to the caller', () => connection.call(outbound({ path: '/large' }))],
  ])('on its way %s lets small calls through beside it', async (way, start) => {
    await connection.call(outbound());
    let phase: 'under way' | 'over' = 'under way';
    const large = start().then(() => (phase = 'over'));
    const delays: number[] = [];
    for (;;) {
      const begin = performance.now();
      await connection.call(outbound());
      if ((phase as string) === 'over') break;
      delays.push(performance.now() - begin);
    }
    await large;
    delays.sort((a, b) => a - b);
    const at = (share: number): string => (delays[Math.floor(share * (delays.length - 1))] ?? NaN).toFixed(2);
    console.log(`64 MiB ${way}: ${delays.length} small calls beside it, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
    expect(delays.length).toBeGreaterThan(AT_LEAST);
  });
});
