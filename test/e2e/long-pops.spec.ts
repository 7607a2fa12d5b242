import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type MeshOptions, MeshSessions, type SessionNode } from 'nestjs-mesh';
import { HttpConnection } from '../../lib/transport/http/http-connection.js';
import { Http1Wire } from '../../lib/transport/http/http1-wire.js';
import { targetOf } from '../../lib/transport/target.js';
import { startApp } from '../support/mesh-app.js';
import { listenOnPort } from '../support/port.js';
import { eventually } from '../support/eventually.js';
import { outbound } from '../support/transport-fixtures.js';

const MIB = 1024 * 1024;

/** Every time that could end a connection, far shorter than the pop waits. */
const SHORT: MeshOptions = {
  listen: { host: '127.0.0.1', port: 0, handshakeTimeoutMs: 40, requestTimeoutMs: 40 },
  grpc: { idleTimeoutMs: 40, keepaliveTimeMs: 40 },
  tcp: { keepaliveTimeMs: 40 },
  timeoutMs: 40,
};
const LONG_MS = 400;

const ways: readonly (readonly [string, Omit<SessionNode, 'address'>, MeshOptions])[] = [
  ['gRPC', { transport: 'grpc' }, {}],
  ['TCP', { transport: 'tcp' }, {}],
  ['HTTP/1.1', { transport: 'http' }, {}],
  ['HTTP/2', { transport: 'http' }, { http: { version: '2' } }],
];

describe.each(ways)('a pop that waits for long, over %s', (_name, node, options) => {
  it('is ended by nothing but its message', async () => {
    const served = await startApp({ options: SHORT });
    const caller = await startApp({ options: { ...SHORT, ...options } });
    const local = served.app.get(MeshSessions).open('s');
    const remote = caller.app.get(MeshSessions).open('s', { node: { address: served.address, ...node } });
    for (const text of ['first', 'on the same connection']) {
      const popped = remote.pop({ timeoutMs: 60_000 });
      await sleep(LONG_MS);
      await local.push(Buffer.from(text));
      expect(String(await popped)).toBe(text);
    }
  });
});

describe('a call over HTTP/1.1', () => {
  it('may take longer than a connection without one is kept', async () => {
    const { address, seen, release } = await listenOnPort();
    const wire = new Http1Wire(targetOf(address), { connections: 1, connectTimeoutMs: 5_000 }, MIB, 20);
    onTestFinished(() => wire.destroy());
    const connection = new HttpConnection(address, wire, MIB);
    for (const times of [1, 2]) {
      const answer = connection.call(outbound({ path: '/wait' }));
      await eventually('it has arrived', () => seen.length === times);
      await sleep(150);
      release();
      expect(String(await answer)).toBe('hello');
    }
  });
});
