import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MeshCode, MeshError, type PartnerOptions } from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import type { TestApp } from '../support/mesh-app.js';
import {
  A,
  askGrpc,
  B,
  bytesOf,
  C,
  deadAddress,
  drained,
  openAt,
  outboundAnswer,
  pushBytes,
  silentAddress,
  startLossyWay,
  startNode,
  startStub,
} from '../support/nodes.js';
import { startRelay } from '../support/relay.js';

type Route = Omit<PartnerOptions, 'nodeId' | 'address'>;
const calls: readonly (readonly [string, Route])[] = [
  ['gRPC', { transport: 'grpc' }],
  ['TCP', { transport: 'tcp' }],
  ['HTTP', { transport: 'http' }],
];
const routes: readonly (readonly [string, Route])[] = [...calls, ['a stream', { transport: 'grpc', via: 'transport' }]];

/** A push over gRPC without the id of a message, as other implementations make it. */
function pushWithoutId(node: TestApp, targetNodeId: string, timeoutMs?: number): ReturnType<typeof askGrpc> {
  const path = '/org.ppc.ptp.PrivateTransferTransport/push';
  const headers = { 'x-ptp-session-id': 's', 'x-ptp-target-node-id': targetNodeId };
  return askGrpc(node.address, { path, headers, body: pushBytes('x') }, timeoutMs);
}

describe.each(routes)('a partner over %s', (_name, route) => {
  it('is unreachable when nothing listens', async () => {
    const a = await startNode(A, { ...B, address: await deadAddress(), ...route });
    const error = await caught(openAt(a, { targetNodeId: B.nodeId }).push(bytesOf('x')));
    expect(error.code).toBe(MeshCode.UNREACHABLE);
    expect(error.message).toContain(`the node '${B.nodeId}' cannot be reached: no connection to 127.0.0.1:`);
    const answer = await pushWithoutId(a, B.nodeId);
    expect(answer.code).toBe(MeshCode.UNREACHABLE);
  });

  it('that takes connections and says nothing ends a push at the time of its route', async () => {
    const a = await startNode(A, { ...B, address: await silentAddress(), ...route, timeoutMs: 500 });
    expect((await caught(openAt(a, { targetNodeId: B.nodeId }).push(bytesOf('x')))).code).toBe(MeshCode.TIMEOUT);
  });

  it('is tried at the next address where nothing listens, and then at that which answered', async () => {
    const [first, second] = [await startStub(), await startStub()];
    const address = [await deadAddress(), first.address, second.address];
    const a = await startNode(A, { ...B, address, ...route });
    for (let i = 0; i < 3; i++) expect((await pushWithoutId(a, B.nodeId)).code).toBe(MeshCode.SUCCESS);
    expect([first.seen.length, second.seen.length]).toEqual([3, 0]);
  });

  it('is tried at the next address after its answer was lost, when the message has an id', async () => {
    const b = await startNode(B);
    const broken = await startLossyWay(b.address, Infinity);
    const a = await startNode(A, { ...B, address: [broken, b.address], ...route });
    await openAt(a, { targetNodeId: B.nodeId }).push(bytesOf('x'));
    await openAt(a, { targetNodeId: B.nodeId }).push(bytesOf('y'));
    expect(await drained(b)).toEqual(['x', 'y']);
  });

  it('gets a message without an id once, whatever became of its answer', async () => {
    const stub = await startStub();
    const broken = await startLossyWay((await startStub()).address, Infinity);
    const a = await startNode(A, { ...B, address: [broken, stub.address], ...route });
    expect((await pushWithoutId(a, B.nodeId)).code).toBe(MeshCode.UNREACHABLE);
    expect(stub.seen).toEqual([]);
  });

  it('stores a message once that was repeated over a way that loses answers', async () => {
    const b = await startNode(B);
    const a = await startNode(A, { ...B, address: await startLossyWay(b.address, 1), ...route });
    const session = openAt(a, { targetNodeId: B.nodeId });
    for (const text of ['1', '2', '3']) await session.push(bytesOf(text));
    expect(await drained(b)).toEqual(['1', '2', '3']);
  });

  it('says that its queue is full', async () => {
    const b = await startNode({ ...B, sessions: { maxQueueMessages: 1, whenFull: 'fail' } });
    const a = await startNode(A, { ...B, address: b.address, ...route });
    await openAt(a, { targetNodeId: B.nodeId }).push(bytesOf('x'));
    const [there, here] = [
      await caught(openAt(b).push(bytesOf('y'))),
      await caught(openAt(a, { targetNodeId: B.nodeId }).push(bytesOf('y'))),
    ];
    expect(here.code).toBe(MeshCode.BUFFER_FULL);
    expect(here.message).toBe(there.message);
  });

  it('says that the session was released while a push waited for room', async () => {
    const b = await startNode({ ...B, sessions: { maxQueueMessages: 1 } });
    const a = await startNode(A, { ...B, address: b.address, ...route });
    const session = openAt(a, { targetNodeId: B.nodeId });
    // Nothing shows from outside that a push waits, so that it may be released too early: then it is tried again.
    const codes: string[] = [];
    for (let pauseMs = 20; !codes.includes(MeshCode.SESSION_RELEASED) && pauseMs < 1_000; pauseMs *= 2) {
      await session.push(bytesOf('x'));
      const push = session.push(bytesOf('y')).then(
        () => MeshCode.SUCCESS,
        (error: unknown) => (error as MeshError).code,
      );
      await sleep(pauseMs);
      await openAt(b).release();
      codes.push(await push);
      await openAt(b).release();
    }
    expect(codes).toContain(MeshCode.SESSION_RELEASED);
  });

  it.each([
    ['404', MeshCode.NO_SERVICE, { status: 404, body: bytesOf('no such page') }],
    ['500', MeshCode.SYSTEM_ERROR, { status: 500, body: bytesOf('') }],
    ['503', MeshCode.UNREACHABLE, { status: 503, body: bytesOf('<html>') }],
    ['400 and a code', 'E0000000618', { ...outboundAnswer({ code: 'E0000000618' }), status: 400 }],
    ['500 and a success', MeshCode.SYSTEM_ERROR, { ...outboundAnswer({}), status: 500 }],
    ['garbage', MeshCode.ENCODING, { body: bytesOf('garbage') }],
    ['nothing', MeshCode.ENCODING, { body: bytesOf('') }],
    [
      'JSON that it was not asked for',
      'E0000000700',
      { contentType: 'application/json', body: bytesOf('{"code":"E0000000700"}') },
    ],
    ['a success of its own spelling', MeshCode.SUCCESS, outboundAnswer({ code: '0' })],
  ])('that answers %s gives %s', async (_, code, answer) => {
    const stub = await startStub(() => answer);
    const a = await startNode(A, { ...B, address: stub.address, ...route });
    const got = await pushWithoutId(a, B.nodeId);
    const isHttpOnly = 'status' in answer || 'contentType' in answer;
    if (route.transport === 'http' || !isHttpOnly) expect(got.code).toBe(code);
  });
});

describe.each(calls)('a partner over %s', (_name, route) => {
  it('that never answers hears that its caller gave up at the deadline', async () => {
    const stub = await startStub(() => new Promise(() => undefined));
    const a = await startNode(A, { ...B, address: stub.address, ...route });
    expect((await caught(pushWithoutId(a, B.nodeId, 150))).code).toBe(MeshCode.TIMEOUT);
    await eventually('the partner hears of it', () => stub.seen[0]?.cancellation.reason !== undefined);
  });

  it('that never answers hears that its caller cancelled', async () => {
    const stub = await startStub(() => new Promise(() => undefined));
    const a = await startNode(A, { ...B, address: stub.address, ...route });
    const controller = new AbortController();
    const push = caught(openAt(a, { targetNodeId: B.nodeId }).push(bytesOf('x'), { signal: controller.signal }));
    await eventually('the push arrives', () => stub.seen.length === 1);
    controller.abort();
    expect((await push).code).toBe(MeshCode.CANCELLED);
    await eventually('the partner hears of it', () => stub.seen[0]?.cancellation.reason !== undefined);
    expect(stub.seen).toHaveLength(1);
  });
});

describe('a push to another node', () => {
  it('is refused when nobody knows that node or institution', async () => {
    const a = await startNode(A, { ...B, address: '127.0.0.1:1' });
    for (const target of [{ targetNodeId: C.nodeId }, { targetInstId: C.instId }, { targetNodeId: 'LX', ...B }]) {
      const error = await caught(openAt(a, target).push(bytesOf('x')));
      expect(error.code).toBe(MeshCode.NOT_IN_NETWORK);
    }
  });

  it('is refused when it comes round in a circle of two', async () => {
    const nodes: TestApp[] = [];
    const toA = await startRelay(() => nodes[0]?.address ?? '');
    const b = await startNode(B, { ...C, address: toA.address, mode: 'wrapped' });
    nodes.push(await startNode(A, { ...C, address: b.address, transport: 'http' }));
    const error = await caught(openAt(nodes[0] as TestApp, { targetNodeId: C.nodeId }).push(bytesOf('x')));
    expect(error.code).toBe(MeshCode.CIRCULAR_REQUEST);
    expect(error.message).toContain(A.nodeId);
  });

  it('is refused when it comes round in a circle of three', async () => {
    const D = { nodeId: 'LX0000010000040' };
    const nodes: TestApp[] = [];
    const toA = await startRelay(() => nodes[0]?.address ?? '');
    const c = await startNode(C, { ...D, address: toA.address });
    const b = await startNode(B, { ...D, address: c.address, mode: 'wrapped' });
    nodes.push(await startNode(A, { ...D, address: b.address }));
    const error = await caught(openAt(nodes[0] as TestApp, { targetNodeId: D.nodeId }).push(bytesOf('x')));
    expect(error.code).toBe(MeshCode.CIRCULAR_REQUEST);
  });
});

describe('a node does not start with a partner', () => {
  it.each([
    ['whose dialect nobody knows', { dialect: 'esperanto' }, "partners[0]: no dialect named 'esperanto'"],
    [
      'whose content type nobody knows',
      { transport: 'http', contentType: 'text/plain' },
      'partners[0]: the content type',
    ],
    ['whose bare bodies cannot be wrapped', { transport: 'http', dialect: 'yacl', mode: 'wrapped' }, 'partners[0]: '],
    ['that is itself', { nodeId: A.nodeId.toLowerCase() }, 'partners[0].nodeId must be another node'],
  ] as const)('%s', async (_, route, message) => {
    const start = startNode(A, { ...B, address: '127.0.0.1:1', ...route });
    const error = await start.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(MeshError);
    expect((error as MeshError).message).toContain(message);
  });
});
