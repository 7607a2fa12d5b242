import { describe, expect, it, vi } from 'vitest';
import { MeshCode, MeshServer, MeshSessions, type MeshOptions, type SessionNode } from 'nestjs-mesh';
import { MeshRuntime } from '../../lib/mesh.runtime.js';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { startApp, type TestApp } from '../support/mesh-app.js';
import { sessionStatsOf } from '../support/session-stats.js';

/** Far more than a test may take: whoever waits for it fails. */
const DRAIN_MS = 600_000;

interface Way {
  readonly name: string;
  readonly node: Omit<SessionNode, 'address'>;
  readonly options?: MeshOptions;
}

const ways: readonly Way[] = [
  { name: 'gRPC', node: { transport: 'grpc' } },
  { name: 'TCP', node: { transport: 'tcp' } },
  { name: 'HTTP/1.1', node: { transport: 'http' } },
  { name: 'HTTP/2', node: { transport: 'http' }, options: { http: { version: '2' } } },
  { name: 'HTTP/1.1, in the dialect of FATE', node: { transport: 'http', dialect: 'fate' } },
  { name: 'HTTP/1.1, in the dialect of yacl', node: { transport: 'http', dialect: 'yacl' } },
];

function waitingIn({ app }: TestApp): number {
  return sessionStatsOf(app).waiting;
}

describe.each(ways)('a node that closes while pops wait, over $name', ({ node, options }) => {
  async function start() {
    const served = await startApp({ options: { drainTimeoutMs: DRAIN_MS } });
    const caller = await startApp(options ? { options } : {});
    const remote = caller.app.get(MeshSessions).open('s', { node: { address: served.address, ...node } });
    return { served, remote, local: served.app.get(MeshSessions).open('s') };
  }

  it('answers them that there is no message, and closes at once', async () => {
    const { served, remote } = await start();
    const pops = ['a', 'b', 'c'].map((topic) => remote.pop({ topic, timeoutMs: 100_000 }));
    await eventually('they wait', () => waitingIn(served) === pops.length);
    await served.app.close();
    expect(await Promise.all(pops)).toEqual([undefined, undefined, undefined]);
  });

  it('fails a stream of messages with why the next pop found nobody', async () => {
    const { served, remote } = await start();
    const ended = caught(
      new Promise((resolve, reject) =>
        remote.messages({ topic: 'a' }).subscribe({ complete: () => resolve('it completed'), error: reject }),
      ),
    );
    await eventually('it waits', () => waitingIn(served) === 1);
    await served.app.close();
    expect([MeshCode.ADDRESS_UNREACHABLE, MeshCode.UNREACHABLE]).toContain((await ended).code);
  });

  it('lets its own application wait on', async () => {
    const { served, remote, local } = await start();
    const pops = { own: local.pop({ topic: 'a' }), other: remote.pop({ topic: 'b' }) };
    await eventually('they wait', () => waitingIn(served) === 2);
    await served.app.get(MeshServer).close();
    expect(await pops.other).toBeUndefined();
    await local.push(Buffer.from('late'), { topic: 'a' });
    expect(String(await pops.own)).toBe('late');
  });
});

describe('a node that closes while others converse with it', () => {
  it('answers them that there is no message, and closes at once', async () => {
    const served = await startApp({ options: { drainTimeoutMs: DRAIN_MS } });
    const caller = await startApp({});
    const node = { address: served.address, via: 'transport' } as const;
    const session = caller.app.get(MeshSessions).open('s', { node });
    const pop = session.pop({ topic: 'a', timeoutMs: 100_000 });
    await eventually('it waits', () => waitingIn(served) === 1);
    await served.app.close();
    expect(await pop).toBeUndefined();
  });
});

describe('an application that closes', () => {
  it('keeps no idle connection to itself', async () => {
    const { app, address } = await startApp({});
    const server = app.get(MeshServer);
    await app
      .get(MeshSessions)
      .open('s', { node: { address, transport: 'http' } })
      .peek();
    const [listener] = server.unwrap<[{ getConnections(tell: (error: unknown, count: number) => void): void }]>();
    const connections = (): Promise<number> =>
      new Promise((resolve) => listener.getConnections((_, count) => resolve(count)));
    expect(await connections()).toBe(1);
    app.get(MeshRuntime).endWaits();
    await vi.waitUntil(async () => (await connections()) === 0, { interval: 5, timeout: 4_000 });
  });
});
