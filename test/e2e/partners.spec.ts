import { describe, expect, it } from 'vitest';
import {
  MeshCode,
  type MeshOptions,
  type MeshSession,
  MeshSessions,
  type PartnerOptions,
  type SessionNode,
} from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { startApp, type TestApp } from '../support/mesh-app.js';

const A = { nodeId: 'LX0000010000010', instId: 'JG0100000100000000' };
const B = { nodeId: 'LX0000010000020', instId: 'JG0100000200000000' };

const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();
const bytes = (value: string): Uint8Array => Buffer.from(value);

/** Starts a node. */
function startNode(own: MeshOptions, ...partners: PartnerOptions[]): Promise<TestApp> {
  return startApp({ options: { ...own, partners } });
}

/** The session of an application at a node, with that node's own queues. */
function open({ app }: TestApp, options: Parameters<MeshSessions['open']>[1] = {}): MeshSession {
  return app.get(MeshSessions).open('s', options);
}

type Route = Omit<PartnerOptions, 'nodeId' | 'address'>;
const routes: readonly (readonly [string, Route])[] = [
  ['gRPC', {}],
  ['gRPC, wrapped', { mode: 'wrapped' }],
  ['gRPC, in the dialect of mesh', { dialect: 'mesh' }],
  ['HTTP', { transport: 'http' }],
  ['HTTP, wrapped', { transport: 'http', mode: 'wrapped' }],
  ['HTTP, in JSON', { transport: 'http', contentType: 'application/json' }],
  ['HTTP, wrapped, in JSON', { transport: 'http', mode: 'wrapped', contentType: 'application/json' }],
  ['HTTP, in the dialect of FATE', { transport: 'http', dialect: 'fate', contentType: 'application/json' }],
  ['HTTP, in the dialect of yacl', { transport: 'http', dialect: 'yacl' }],
];

type Peer = Omit<SessionNode, 'address'>;
const callers: readonly (readonly [string, Peer | undefined])[] = [
  ['a handle', undefined],
  ['a caller over gRPC', {}],
  ['a caller over HTTP in protobuf', { transport: 'http' }],
  ['a caller over HTTP in JSON', { transport: 'http', contentType: 'application/json' }],
  ['a caller in the dialect of mesh', { dialect: 'mesh' }],
  ['a caller in the dialect of yacl', { transport: 'http', dialect: 'yacl' }],
];

describe.each(routes)('a partner reached by %s', (_, route) => {
  it.each(callers)('gets what is pushed for it by %s, in order', async (_caller, peer) => {
    const b = await startNode(B);
    const a = await startNode(A, { nodeId: B.nodeId, instId: B.instId, address: b.address, ...route });
    const node = peer && { node: { address: a.address, ...peer } };
    const session = open(a, { targetNodeId: B.nodeId, ...node });
    for (const value of ['1', '2', '3']) await session.push(bytes(value), { topic: 'topic' });

    const there = open(b);
    expect(text(await there.pop({ topic: 'topic', timeoutMs: 1_000 }))).toBe('1');
    expect(text(await there.pop({ topic: 'topic', timeoutMs: 1_000 }))).toBe('2');
    expect(text(await there.pop({ topic: 'topic', timeoutMs: 1_000 }))).toBe('3');
    expect(await open(a).peek({ topic: 'topic' })).toBeUndefined();
  });
});

describe('a partner', () => {
  it('is unknown when no route names it', async () => {
    const a = await startNode(A);
    expect((await caught(open(a, { targetNodeId: B.nodeId }).push(bytes('x')))).code).toBe(MeshCode.NOT_IN_NETWORK);
  });
});
