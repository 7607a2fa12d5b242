import { setTimeout as sleep } from 'node:timers/promises';
import { MeshCode, type MeshSession, MeshSessions, type ReceivedMessage, type SessionNode } from 'nestjs-mesh';
import { concatMap, firstValueFrom, from, lastValueFrom, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { startApp, type TestApp, type TestAppParts } from '../support/mesh-app.js';
import { type Relay, startRelay } from '../support/relay.js';

const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();
const bytes = (value: string): Uint8Array => Buffer.from(value);
const values = (count: number): string[] => Array.from({ length: count }, (_unused, index) => `m${index}`);

interface Parties {
  /** The queues, where they are. */
  readonly there: MeshSession;
  /** The same, by conversations from another process. */
  readonly here: MeshSession;
  readonly relay: Relay;
  readonly node: TestApp;
  close(): Promise<void>;
}

async function start(options: TestAppParts['options'] = {}): Promise<Parties> {
  const node = await startApp({ options });
  const caller = await startApp({
    options: { drainTimeoutMs: 60_000, grpc: { reconnectMinMs: 5, reconnectMaxMs: 20 } },
  });
  const relay = await startRelay(node.address);
  const at: SessionNode = { address: relay.address, transport: 'grpc', via: 'transport' };
  return {
    there: node.app.get(MeshSessions).open('s'),
    here: caller.app.get(MeshSessions).open('s', { node: at }),
    relay,
    node,
    close: () => caller.app.close(),
  };
}

async function drained(session: MeshSession): Promise<(string | undefined)[]> {
  const rest: (string | undefined)[] = [];
  for (;;) {
    const next = await session.pop({ topic: 't', timeoutMs: 0 });
    if (!next) return rest;
    rest.push(text(next));
  }
}

describe('a session by conversations', () => {
  it('pushes, pops, peeks and releases', async () => {
    const { there, here } = await start();
    for (const value of ['1', '2', '3']) await here.push(bytes(value), { topic: 't', metadata: { a: 'b' } });
    expect(text(await here.peek({ topic: 't' }))).toBe('1');
    expect(text(await here.pop({ topic: 't' }))).toBe('1');
    expect(await here.pop({ topic: 'none', timeoutMs: 20 })).toBeUndefined();
    expect(text(await there.pop({ topic: 't' }))).toBe('2');
    const waiting = caught(here.pop({ topic: 'none' }));
    await here.peek({ topic: 'none' });
    await here.release();
    expect((await waiting).code).toBe(MeshCode.SESSION_RELEASED);
    expect(await drained(there)).toEqual([]);
  });

  it('keeps the order of a thousand pushes under way, over lost connections', async () => {
    const { there, here, relay } = await start();
    const all = values(1_000);
    const pushed = Promise.all(all.map((value) => here.push(bytes(value), { topic: 't' })));
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      relay.cut();
    }
    await pushed;
    expect(await drained(there)).toEqual(all);
  });

  it('does not let a pop that waits hold up anything', async () => {
    const { here } = await start();
    const waiting = [1, 2, 3].map(() => here.pop({ topic: 't', timeoutMs: 5_000 }));
    await here.push(bytes('x'), { topic: 'other' });
    expect(text(await here.pop({ topic: 'other' }))).toBe('x');
    for (const value of ['a', 'b', 'c']) await here.push(bytes(value), { topic: 't' });
    expect((await Promise.all(waiting)).map(text).toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('takes nothing for a pop that was cancelled', async () => {
    const { there, here } = await start();
    const caller = new AbortController();
    const popped = caught(here.pop({ topic: 't', signal: caller.signal }));
    await here.peek({ topic: 't' });
    caller.abort();
    expect((await popped).code).toBe(MeshCode.CANCELLED);
    await here.push(bytes('kept'), { topic: 't' });
    expect(await drained(there)).toEqual(['kept']);
  });

  it('is an Observable both ways', async () => {
    const { here } = await start();
    const all = values(200);
    const arrived = firstValueFrom(
      here.messages({ topic: 't', prefetch: 8 }).pipe(
        concatMap(async ({ payload, metadata }) => {
          expect(metadata).toEqual({});
          return text(payload);
        }),
        take(all.length),
        toArray(),
      ),
    );
    await lastValueFrom(from(all.map(bytes)).pipe(here.pushTo({ topic: 't' })));
    expect(await arrived).toEqual(all);
  });

  it('is read by for await, and ends when the session is released', async () => {
    const { there, here } = await start();
    for (const value of ['1', '2', '3']) await there.push(bytes(value), { topic: 't' });
    const seen: (string | undefined)[] = [];
    for await (const { payload } of here.stream({ topic: 't' })) {
      seen.push(text(payload));
      if (seen.length === 3) setTimeout(() => void there.release(), 10);
    }
    expect(seen).toEqual(['1', '2', '3']);
  });

  it('gives back what a subscriber has not read', async () => {
    const { there, here } = await start();
    for (const value of values(10)) await there.push(bytes(value), { topic: 't' });
    const held: ReceivedMessage[] = [];
    const subscription = here.messages({ topic: 't', prefetch: 5 }).subscribe((message) => held.push(message));
    await eventually('five arrive', () => held.length === 5);
    expect(text(held[0]?.payload)).toBe('m0');
    expect(text(held[1]?.payload)).toBe('m1');
    subscription.unsubscribe();
    while (text(await there.peek({ topic: 't' })) !== 'm2') await sleep(2);
    expect(await drained(there)).toEqual(values(10).slice(2));
  });

  it('has no more than the prefetch outstanding for a slow reader', async () => {
    const { there, here } = await start();
    for (const value of values(100)) await there.push(bytes(value), { topic: 't' });
    const held: ReceivedMessage[] = [];
    const subscription = here.messages({ topic: 't', prefetch: 7 }).subscribe((message) => held.push(message));
    await eventually('as many as the prefetch arrive', () => held.length === 7);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(held).toHaveLength(7);
    expect(text(await there.peek({ topic: 't' }))).toBe('m7');
    subscription.unsubscribe();
  });

  it.each([1, 2, 3, 4, 5])('loses nothing and repeats nothing when the connection is lost, round %i', async () => {
    const { there, here, relay } = await start();
    const all = values(400);
    for (const value of all) await there.push(bytes(value), { topic: 't' });
    const seen: (string | undefined)[] = [];
    const done = lastValueFrom(
      here.messages({ topic: 't', prefetch: 16 }).pipe(
        concatMap(async (message) => {
          if (seen.length % 50 === 25) setTimeout(() => relay.cut(), Math.random() * 5);
          await new Promise((resolve) => setTimeout(resolve, Math.random()));
          seen.push(text(message.payload));
        }),
        take(all.length),
      ),
    );
    await done;
    expect(seen).toEqual(all);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await drained(there)).toEqual([]);
  });

  it('ends when the application closes, and hangs nowhere', async () => {
    const { here, close } = await start();
    const failed = caught(lastValueFrom(here.messages({ topic: 't' })));
    const popped = caught(here.pop({ topic: 't2' }));
    await here.push(bytes('x'), { topic: 'other' });
    // It would wait for a minute if anything kept a stream open.
    await close();
    expect((await failed).code).toBe(MeshCode.UNREACHABLE);
    expect((await popped).code).toBe(MeshCode.UNREACHABLE);
    expect((await caught(here.push(bytes('y')))).code).toBe(MeshCode.UNREACHABLE);
  });

  it('ends a pop as though its time had passed when the node closes', async () => {
    const { here, there, node } = await start();
    const waiting = here.pop({ topic: 't', timeoutMs: 60_000 });
    await here.push(bytes('x'), { topic: 'other' });
    expect(text(await there.pop({ topic: 'other' }))).toBe('x');
    await node.app.close();
    expect(await waiting).toBeUndefined();
  });

  it('says so when nothing answers there, or no conversations are served', async () => {
    const { app } = await startApp({});
    const sessions = app.get(MeshSessions);
    const nobody = sessions.open('s', { node: { address: '127.0.0.1:1', via: 'transport' } });
    expect((await caught(nobody.push(bytes('x')))).code).toBe(MeshCode.ADDRESS_UNREACHABLE);
    expect((await caught(nobody.pop())).code).toBe(MeshCode.ADDRESS_UNREACHABLE);
    expect(() => sessions.open('s', { node: { address: '127.0.0.1:1', transport: 'http', via: 'transport' } })).toThrow(
      'not spoken to via',
    );
  });
});
