import { randomBytes } from 'node:crypto';
import { concatMap, firstValueFrom, from, toArray, take, lastValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { MeshCode, type MeshOptions, MeshSessions, type ReceivedMessage, type SessionNode } from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { startApp } from '../support/mesh-app.js';

const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();
const bytes = (value: string): Uint8Array => Buffer.from(value);

type Peer = Omit<SessionNode, 'address'>;
/** Yacl has the topic in a header only, which carries no more than ASCII. */
const topicOf = (peer: Peer | undefined): string => (peer?.dialect === 'yacl' ? 'a' : '节点4');

const peers: readonly (readonly [string, Peer | undefined])[] = [
  ['this process', undefined],
  ['a node over what is chosen by itself', {}],
  ['a node over gRPC', { transport: 'grpc' }],
  ['a node over TCP', { transport: 'tcp' }],
  ['a node over gRPC, in the dialect of mesh', { transport: 'grpc', dialect: 'mesh' }],
  ['a node over gRPC, in the dialect of FATE', { transport: 'grpc', dialect: 'fate' }],
  ['a node over HTTP, in protobuf', { transport: 'http' }],
  ['a node over HTTP, in JSON', { transport: 'http', contentType: 'application/json' }],
  ['a node over HTTP, in MessagePack', { transport: 'http', contentType: 'application/msgpack' }],
  ['a node over HTTP, in the dialect of yacl', { transport: 'http', dialect: 'yacl' }],
];

describe.each(peers)('a session of %s', (_, peer) => {
  async function start(options: MeshOptions = {}): Promise<{ sessions: MeshSessions; node: { node?: SessionNode } }> {
    const app = await startApp({ options });
    const sessions = app.app.get(MeshSessions);
    return { sessions, node: peer ? { node: { address: app.address, ...peer } } : {} };
  }

  it('is first in, first out, for each topic', async () => {
    const { sessions, node } = await start();
    await using session = sessions.open('s', node);
    for (const value of ['1', '2', '3']) await session.push(bytes(value), { topic: topicOf(peer) });
    await session.push(bytes('other'), { topic: 'b' });

    expect(text(await session.peek({ topic: topicOf(peer) }))).toBe('1');
    expect(text(await session.pop({ topic: topicOf(peer) }))).toBe('1');
    expect(text(await session.pop({ topic: topicOf(peer) }))).toBe('2');
    expect(text(await session.pop({ topic: 'b' }))).toBe('other');
    expect(text(await session.pop({ topic: topicOf(peer) }))).toBe('3');
  });

  it('takes a payload up to the limit, whatever stands around it on the wire', async () => {
    const { sessions, node } = await start({ limits: { maxMessageBytes: 300_000 } });
    await using session = sessions.open('s', node);
    const largest = randomBytes(300_000);
    await session.push(largest, { topic: topicOf(peer) });
    const popped = (await session.pop({ topic: topicOf(peer) })) ?? new Uint8Array(0);
    expect(Buffer.compare(popped, largest)).toBe(0);
    expect((await caught(session.push(randomBytes(300_001), { topic: topicOf(peer) }))).code).toBe(
      MeshCode.MESSAGE_TOO_LONG,
    );
    expect(await session.peek({ topic: topicOf(peer) })).toBeUndefined();
  });

  it('waits for a message, and no longer than it is told', async () => {
    const { sessions, node } = await start();
    await using session = sessions.open('s', node);
    const waiting = session.pop({ topic: 't' });
    await session.push(bytes('late'), { topic: 't' });
    expect(text(await waiting)).toBe('late');
    expect(await session.pop({ topic: 't', timeoutMs: 20 })).toBeUndefined();
  });

  it('ends the pops that wait when it is released, and can be used anew', async () => {
    const { sessions, node } = await start();
    const session = sessions.open('s', node);
    await session.push(bytes('unread'), { topic: 'a' });
    const waiting = caught(session.pop({ topic: 't' }));
    await session.pop({ topic: 'none', timeoutMs: 20 });
    await session.release();
    expect((await waiting).code).toBe(MeshCode.SESSION_RELEASED);
    expect(await session.pop({ topic: 'a', timeoutMs: 0 })).toBeUndefined();
    await session.push(bytes('anew'), { topic: 'a' });
    expect(text(await session.pop({ topic: 'a' }))).toBe('anew');
  });

  it('is an Observable, both ways', async () => {
    const { sessions, node } = await start();
    await using session = sessions.open('s', node);
    const values = Array.from({ length: 40 }, (_unused, index) => `m${index}`);
    const arrived = firstValueFrom(
      session.messages({ topic: 't', prefetch: 4 }).pipe(
        concatMap(async (message) => text(message.payload)),
        take(values.length),
        toArray(),
      ),
    );
    await lastValueFrom(from(values.map(bytes)).pipe(session.pushTo({ topic: 't' })));
    expect(await arrived).toEqual(values);
  });

  it('carries packets as the reference SDK does', async () => {
    const { sessions, node } = await start();
    await using session = sessions.open('s', { ...node, splitting: { packetBytes: 10 } });
    await using plain = sessions.open('s', node);
    await session.push(bytes('x'.repeat(25)), { topic: 't' });
    expect(text(await plain.peek({ topic: 't-mesh-split-0' }))).toBe('3');
    expect(text(await session.pop({ topic: 't' }))).toBe('x'.repeat(25));
  });
});

describe('a session', () => {
  it('is read by for await until it is released', async () => {
    const { app } = await startApp({});
    const session = app.get(MeshSessions).open('s');
    await session.push(bytes('1'), { topic: 't' });
    await session.push(bytes('2'), { topic: 't' });
    const seen: (string | undefined)[] = [];
    for await (const message of session.stream({ topic: 't' })) {
      seen.push(text(message.payload));
      if (seen.length === 2) setTimeout(() => void session.release(), 20);
    }
    expect(seen).toEqual(['1', '2']);
  });

  it('takes back what an Observable had not read', async () => {
    const { app } = await startApp({});
    await using session = app.get(MeshSessions).open('s');
    for (const value of ['1', '2', '3']) await session.push(bytes(value), { topic: 't' });
    const first = await firstValueFrom(session.messages({ topic: 't', prefetch: 3 }));
    expect(text(first.payload)).toBe('1');
    expect(text(await session.pop({ topic: 't' }))).toBe('2');
    expect(text(await session.pop({ topic: 't' }))).toBe('3');
  });

  it('does not let a message be read that went back', async () => {
    const { app } = await startApp({});
    await using session = app.get(MeshSessions).open('s');
    await session.push(bytes('1'), { topic: 't' });
    const held: ReceivedMessage[] = [];
    const subscription = session.messages({ topic: 't' }).subscribe((message) => held.push(message));
    await eventually('the message arrives', () => held.length === 1);
    subscription.unsubscribe();
    expect(() => held[0]?.payload).toThrow('went back to its queue');
    expect(text(await session.pop({ topic: 't' }))).toBe('1');
  });

  it('holds no more than the prefetch ahead of who reads', async () => {
    const { app } = await startApp({});
    await using session = app.get(MeshSessions).open('s');
    for (let i = 0; i < 10; i++) await session.push(bytes(`${i}`), { topic: 't' });
    const held: ReceivedMessage[] = [];
    const subscription = session.messages({ topic: 't', prefetch: 3 }).subscribe((message) => held.push(message));
    await eventually('as many as the prefetch arrive', () => held.length === 3);
    expect(text(await session.peek({ topic: 't' }))).toBe('3');
    expect(held.map((message) => text(message.payload))).toEqual(['0', '1', '2']);
    await eventually('as many more arrive', () => held.length === 6);
    subscription.unsubscribe();
  });

  it('refuses a push to a partner that nobody knows', async () => {
    const { app } = await startApp({});
    await using session = app.get(MeshSessions).open('s', { targetInstId: 'JG0100000100000000' });
    expect((await caught(session.push(bytes('x')))).code).toBe(MeshCode.NOT_IN_NETWORK);
  });
});
