import { connect, createServer, type ClientHttp2Session, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GRPC_PATIENCE, watchSession } from '../../../../lib/transport/http2/session-keepalive.js';
import { eventually } from '../../../support/eventually.js';

const timing = { keepaliveTimeMs: 20, keepaliveTimeoutMs: 5_000 };

/** Long enough for many pings, in ms. */
const LONG_MS = 250;

describe('the keepalive of an HTTP/2 session', () => {
  let server: Http2Server;
  let session: ClientHttp2Session;
  let stream: ServerHttp2Stream;
  let pings: number;

  beforeEach(async () => {
    pings = 0;
    server = createServer();
    server.on('session', (inbound) => inbound.on('ping', () => pings++).on('error', () => undefined));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const arrived = new Promise<ServerHttp2Stream>((resolve) => server.once('stream', resolve));
    session
      .request({ ':path': '/' })
      .resume()
      .on('error', () => undefined);
    stream = await arrived;
    stream.on('error', () => undefined);
    stream.respond();
  });

  afterEach(async () => {
    session.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('pings while somebody waits and nothing comes', async () => {
    watchSession(session, timing, () => true);
    await eventually('it pings on', () => pings > GRPC_PATIENCE.pings + 1);
  });

  it('does not ping while nobody waits', async () => {
    watchSession(session, timing, () => false);
    await sleep(LONG_MS);
    expect(pings).toBe(0);
  });

  it('pings a silent gRPC server no more than it puts up with, and again once it has spoken', async () => {
    watchSession(session, { ...timing, patience: GRPC_PATIENCE }, () => true);
    await eventually('it has pinged', () => pings === GRPC_PATIENCE.pings);
    await sleep(LONG_MS);
    expect(pings).toBe(GRPC_PATIENCE.pings);
    stream.write('data');
    await eventually('it pings again', () => pings === 2 * GRPC_PATIENCE.pings);
  });

  it('destroys a connection that does not answer', async () => {
    const closed = new Promise((resolve) => session.once('close', resolve));
    session.on('error', () => undefined);
    vi.spyOn(session, 'ping').mockReturnValue(true);
    watchSession(session, { ...timing, keepaliveTimeoutMs: 20 }, () => true);
    await closed;
    expect(session.destroyed).toBe(true);
  });
});
