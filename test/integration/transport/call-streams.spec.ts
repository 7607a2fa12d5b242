import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GrpcTransport } from '../../../lib/transport/grpc/grpc-transport.js';
import type { Acceptor, Connection, InboundCall, Listener } from '../../../lib/transport/transport.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

/** Calls on one stream share what opened it, so that their headers are one and the same object. */
function streamsOf(calls: readonly InboundCall[]): number {
  return new Set(calls.map((call) => call.headers)).size;
}

describe('gRPC calls between two ends that both take streams', () => {
  let listener: Listener;
  let connection: Connection;
  let seen: InboundCall[];

  beforeEach(async () => {
    seen = [];
    const transport = new GrpcTransport(transportOptions());
    const acceptor: Acceptor = () => async (call) => {
      seen.push(call);
      return call.body;
    };
    listener = await transport.listen({ host: '127.0.0.1', port: 0 }, acceptor);
    connection = transport.dial(listener.address);
  });

  afterEach(async () => {
    connection.destroy();
    listener.destroy();
  });

  it('follow each other on one stream once the first answer has said that they may', async () => {
    for (let i = 0; i < 10; i++) await connection.call(outbound());
    expect(seen).toHaveLength(10);
    expect(streamsOf(seen)).toBe(2);
    expect(streamsOf(seen.slice(1))).toBe(1);
  });

  it('share no stream with calls of another series, and have one of their own without a series', async () => {
    for (const series of ['a', 'b', 'a', 'b', 'a', 'b']) await connection.call(outbound({ series }));
    expect(streamsOf(seen)).toBe(4);
    const { series: _, ...alone } = outbound();
    seen = [];
    for (let i = 0; i < 3; i++) await connection.call(alone);
    expect(streamsOf(seen)).toBe(3);
  });

  it('use as many streams as there are calls at a time, and use them again', async () => {
    await connection.call(outbound());
    for (let round = 0; round < 3; round++)
      await Promise.all(Array.from({ length: 20 }, () => connection.call(outbound())));
    expect(seen).toHaveLength(61);
    expect(streamsOf(seen)).toBe(21);
  });

  it('have streams of their own in mode unary, whatever the answers say', async () => {
    const unary = new GrpcTransport(transportOptions({ mode: 'unary' })).dial(listener.address);
    for (let i = 0; i < 5; i++) await unary.call(outbound());
    expect(streamsOf(seen)).toBe(5);
    await unary.close();
  });
});
