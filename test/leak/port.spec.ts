import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { TestAuthority } from '../support/certificates.js';
import { IdleCallers } from '../support/idle-callers.js';
import { listenOnPort, type TestPort } from '../support/port.js';

const GREETING_1 = 'GET /large?1 HTTP/1.1\r\nhost: h\r\n\r\n';
const GREETING_2 = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

/** Files that the process may open and that are not needed otherwise. */
function filesFree(): number {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft: number | 'unlimited' } } };
  const soft = userLimits?.open_files?.soft ?? 'unlimited';
  return (soft === 'unlimited' ? Infinity : soft) - 500;
}

/** Bytes of objects and buffers, once what is no longer needed was collected. */
async function memory(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Waits as long as it takes; the test's own time bounds it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

function connectionsOf({ listener }: TestPort): number {
  return listener.connections ?? 0;
}

describe('idle connections', () => {
  it.each([
    ['that say nothing', '', 10_000, 4],
    ['of HTTP/1.1', GREETING_1, 1_000, 10],
    ['of HTTP/2', GREETING_2, 1_000, 12],
  ])('%s cost little memory, and give it back', async (_, greeting, wanted, kib) => {
    const count = Math.min(wanted, filesFree());
    if (count < wanted / 5) return console.info(`skipped: only ${count} files may be open`);
    const port = await listenOnPort({ listen: { handshakeTimeoutMs: 60_000 } });
    // What is made once only is not what is measured.
    const first = new IdleCallers(port.address, 100, greeting);
    await until(() => connectionsOf(port) === 100 && (greeting === '' || first.state.answered === 100));
    await first.leave();
    await until(() => connectionsOf(port) === 0);
    const before = await memory();
    const callers = new IdleCallers(port.address, count, greeting);
    await until(() => connectionsOf(port) === count && (greeting === '' || callers.state.answered === count));
    const each = ((await memory()) - before) / count;
    // A call among them is served.
    const answer = await fetch(`http://${port.address}/echo`, { method: 'POST', body: 'x' });
    expect(await answer.text()).toBe('x');
    expect(callers.state.closed).toBe(0);
    await callers.leave();
    await until(() => connectionsOf(port) <= 1);
    const left = (await memory()) - before;
    expect(each).toBeGreaterThan(0);
    expect(each).toBeLessThan(kib * 1_024);
    // Tables keep some of the room that they have had.
    expect(left).toBeLessThan(Math.max(2 * 1_024 * 1_024, (each * count) / 4));
  });
});

describe('connections that come to nothing', () => {
  const authority = new TestAuthority();
  const tls = { ...authority.issue(), clientCertificate: 'none', plaintext: 'serve' } as const;
  /** The beginning of a ClientHello, as any client of TLS sends it. */
  const half = Buffer.from('16030100c8010000c40303', 'hex');

  /** Resolves once a connection is closed that says no more than this, these bytes at a time. */
  async function comeToNothing(port: number, bytes: Uint8Array | string, atOnce: number): Promise<void> {
    const socket = connect({ host: '127.0.0.1', port }).on('error', () => undefined);
    const closed = new Promise((resolve) => socket.resume().once('close', resolve));
    const said = Buffer.from(bytes);
    for (let at = 0; at < said.length; at += atOnce) {
      socket.write(said.subarray(at, at + atOnce));
      if (said.length > atOnce) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await closed;
  }

  /** The same of one that is secure, or, being given up at once, is not. */
  function secureToNothing(port: number, then: 'silence' | 'parting'): Promise<void> {
    const socket = connectTls({ host: '127.0.0.1', port, ca: authority.ca }).on('error', () => undefined);
    if (then === 'parting') socket.once('connect', () => socket.destroy());
    return new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** Makes a connection of each kind, and waits until all are closed. */
  async function round({ address }: TestPort): Promise<void> {
    const port = Number(address.split(':')[1]);
    const rubbish = Buffer.concat([half, Buffer.alloc(300, 0xff)]);
    const said = ['', 'x\r\n\r\n', 'PRI * HT', half, rubbish, GREETING_1.slice(0, 9)];
    await Promise.all([
      ...said.map((bytes) => comeToNothing(port, bytes, Infinity)),
      comeToNothing(port, half, 1),
      secureToNothing(port, 'silence'),
      secureToNothing(port, 'parting'),
    ]);
  }

  it('are closed in time, and leave nothing', async () => {
    const handles = (): number => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
    const port = await listenOnPort({ listen: { handshakeTimeoutMs: 60, tls } });
    const before = handles();
    for (let i = 0; i < 5; i++) await round(port);
    const start = await memory();
    for (let i = 0; i < 25; i++) await round(port);
    await until(() => connectionsOf(port) === 0 && handles() <= before);
    const grown = (await memory()) - start;
    expect([port.seen, port.listener.pending]).toEqual([[], 0]);
    // 225 connections: one that is kept would be 2 KiB and more.
    expect(grown).toBeLessThan(225 * 1_024);
  });
});
