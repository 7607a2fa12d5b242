import { describe, expect, it, onTestFinished } from 'vitest';
import { TcpTransport } from '../../../lib/transport/tcp/tcp-transport.js';
import { FrameType } from '../../../lib/transport/link/wire.js';
import { eventually } from '../../support/eventually.js';
import { frame, GREETING, greeting } from '../../support/tcp-frames.js';
import { rawServer } from '../../support/tcp-server.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

/** What a server takes to answer, in ms. */
const SLOW_MS = 60;

/** What timers may be early by, in ms. */
const EARLY_MS = 5;

describe('whom a connection over TCP has met', () => {
  it('is known once it has greeted, with the time that took, until the connection is lost', async () => {
    const { connection, sockets } = await rawServer((socket) => {
      setTimeout(() => socket.write(greeting().subarray(8)), SLOW_MS);
    });
    expect(connection.greeted).toBeUndefined();
    connection.call(outbound()).catch(() => undefined);
    await eventually('it has greeted', () => connection.greeted !== undefined);
    const { nodeId, instId, roundTripMs } = connection.greeted!;
    expect({ nodeId, instId }).toEqual({ nodeId: GREETING.nodeId, instId: GREETING.instId });
    expect(roundTripMs).toBeGreaterThan(SLOW_MS - EARLY_MS);
    for (const socket of sockets) socket.destroy();
    await eventually('it is lost', () => connection.greeted === undefined);
  });

  it('is asked again how far away it is while it is silent', async () => {
    const times = { keepaliveTimeMs: 40, keepaliveTimeoutMs: 5_000 };
    let pings = 0;
    const { sockets, address } = await rawServer(
      (socket) => void socket.write(greeting().subarray(8)),
      (frames, socket) => {
        const seen = frames.filter(({ type }) => type === FrameType.PING);
        for (const { payload } of seen.slice(pings))
          setTimeout(() => socket.write(frame(FrameType.PONG, 0, payload)), SLOW_MS);
        pings = seen.length;
      },
    );
    const connection = new TcpTransport(transportOptions({}, {}, {}, {}, times)).dial(address);
    onTestFinished(() => connection.destroy());
    connection.call(outbound()).catch(() => undefined);
    await eventually('it has answered a ping', () => (connection.greeted?.roundTripMs ?? 0) > SLOW_MS - EARLY_MS);
    expect(pings).toBeGreaterThan(0);
    expect(sockets.size).toBe(1);
  });
});
