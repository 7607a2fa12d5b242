import { type MeshOptions, type MeshSession, MeshSessions, type SessionNode } from 'nestjs-mesh';
import { describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/mesh-app.js';
import { A, B, startNode } from '../support/nodes.js';
import { Witness } from '../support/witness.js';

const sessionOf = ({ app }: TestApp, options?: Parameters<MeshSessions['open']>[1]): MeshSession =>
  app.get(MeshSessions).open('s', options);

/** Pushes until a connection over TCP is there, and some more; none may fail. @returns what was pushed */
async function pushAll(session: MeshSession, witness: Witness, texts = 30): Promise<string[]> {
  const pushed: string[] = [];
  const isTcpThere = (): boolean => witness.speaking('tcp').some(({ peer, isOpen }) => isOpen && peer !== '');
  for (const end = Date.now() + 5_000; pushed.length < texts || (!isTcpThere() && Date.now() < end);) {
    const text = `${pushed.length}`;
    await session.push(Buffer.from(text), { topic: 't' });
    pushed.push(text);
  }
  await session.push(Buffer.alloc(200_000, 'large'), { topic: 'large' });
  return pushed;
}

async function popAll(session: MeshSession, count: number): Promise<string[]> {
  const texts: string[] = [];
  for (let i = 0; i < count; i++) texts.push(String(await session.pop({ topic: 't', timeoutMs: 0 })));
  return texts;
}

const ways: readonly (readonly [string, Omit<SessionNode, 'address'>])[] = [
  ['a node', {}],
  ['a node that is named so', { transport: 'auto' }],
];

describe('where no transport is named, sessions go over TCP soon', () => {
  it.each(ways)('to %s', async (_, node) => {
    const served = await startApp({});
    const witness = await Witness.before(served.address);
    const session = sessionOf(await startApp({}), { node: { address: witness.address, ...node } });
    const pushed = await pushAll(session, witness);
    expect(await popAll(session, pushed.length)).toEqual(pushed);
    expect(await session.pop({ topic: 'large' })).toEqual(Buffer.alloc(200_000, 'large'));
    expect(witness.connections.map(({ spoken }) => spoken)).toEqual(['grpc', 'tcp']);
  });

  it('by conversations, too, whose streams stay where they are', async () => {
    const served = await startApp({});
    const witness = await Witness.before(served.address);
    const node = { address: witness.address, via: 'transport' } as const;
    const session = sessionOf(await startApp({}), { node });
    const pushed = await pushAll(session, witness);
    expect(await popAll(session, pushed.length)).toEqual(pushed);
    expect(witness.connections.map(({ spoken }) => spoken)).toEqual(['grpc', 'tcp']);
  });

  it('to the node of a partner', async () => {
    const b = await startNode(B);
    const witness = await Witness.before(b.address);
    const a = await startNode(A, { ...B, address: witness.address });
    const pushed = await pushAll(sessionOf(a, { targetNodeId: B.nodeId }), witness);
    expect(await popAll(sessionOf(b), pushed.length)).toEqual(pushed);
    expect(witness.connections.map(({ spoken }) => spoken)).toEqual(['grpc', 'tcp']);
  });
});

describe('sessions go over gRPC alone', () => {
  it.each<[string, MeshOptions, Omit<SessionNode, 'address'>]>([
    ['where the options choose it for everything', { use: { transport: 'grpc' } }, {}],
    ['where the node is to be spoken to so', {}, { transport: 'grpc' }],
  ])('%s', async (_, options, node) => {
    const served = await startApp({});
    const witness = await Witness.before(served.address);
    const session = sessionOf(await startApp({ options }), { node: { address: witness.address, ...node } });
    for (let i = 0; i < 30; i++) await session.push(Buffer.from('x'));
    expect(witness.connections.map(({ spoken }) => spoken)).toEqual(['grpc']);
  });
});
