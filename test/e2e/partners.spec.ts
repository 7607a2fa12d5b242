import { describe, expect, it } from 'vitest';
import type { PartnerOptions, SessionNode } from 'nestjs-mesh';
import { decodePtp } from '../../lib/protocol/ptp/protobuf-reader.js';
import {
  A,
  askGrpc,
  askHttp,
  B,
  bytesOf,
  C,
  drained,
  openAt,
  outboundAnswer,
  pushBytes,
  startNode,
  startStub,
} from '../support/nodes.js';

type Route = Omit<PartnerOptions, 'nodeId' | 'address'>;
const routes: readonly (readonly [string, Route])[] = [
  ['what is chosen by itself', {}],
  ['gRPC', { transport: 'grpc' }],
  ['gRPC, wrapped', { transport: 'grpc', mode: 'wrapped' }],
  ['gRPC, in the dialect of mesh', { transport: 'grpc', dialect: 'mesh' }],
  ['gRPC, on a stream', { transport: 'grpc', via: 'transport' }],
  ['TCP', { transport: 'tcp' }],
  ['TCP, wrapped', { transport: 'tcp', mode: 'wrapped' }],
  ['TCP, on a stream', { transport: 'tcp', via: 'transport' }],
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
  ['a caller over gRPC', { transport: 'grpc' }],
  ['a caller over TCP', { transport: 'tcp' }],
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
    const session = openAt(a, { targetNodeId: B.nodeId, ...node });
    for (const value of ['1', '2', '3']) await session.push(bytesOf(value), { topic: 'topic' });

    expect(await drained(b, 'topic')).toEqual(['1', '2', '3']);
    expect(await drained(a, 'topic')).toEqual([]);
  });
});

describe('a push', () => {
  it('is for the node that it names, else for the institution, without regard to case', async () => {
    const [b, c] = await Promise.all([startNode(B), startNode(C)]);
    const a = await startNode(A, { ...B, address: b.address }, { ...C, address: c.address });
    await openAt(a, { targetInstId: B.instId.toLowerCase() }).push(bytesOf('institution'));
    await openAt(a, { targetNodeId: B.nodeId.toLowerCase() }).push(bytesOf('node'));
    await openAt(a, { targetNodeId: C.nodeId, targetInstId: B.instId }).push(bytesOf('node first'));
    await openAt(a, { targetNodeId: A.nodeId.toLowerCase(), targetInstId: B.instId }).push(bytesOf('own'));
    await openAt(a, { targetInstId: A.instId }).push(bytesOf('own institution'));

    expect(await drained(b)).toEqual(['institution', 'node']);
    expect(await drained(c)).toEqual(['node first']);
    expect(await drained(a)).toEqual(['own', 'own institution']);
  });

  it('passes through a node between', async () => {
    const c = await startNode(C);
    const b = await startNode(B, { ...C, address: c.address, transport: 'http', mode: 'wrapped' });
    const a = await startNode(A, { ...C, address: b.address, mode: 'wrapped' });
    await openAt(a, { targetInstId: C.instId }).push(bytesOf('x'), { topic: '节点4' });

    expect(await drained(c, '节点4')).toEqual(['x']);
  });

  it('leaves pops, peeks and releases to the queues of this node', async () => {
    const b = await startNode(B);
    const a = await startNode(A, { ...B, address: b.address });
    await openAt(b).push(bytesOf('theirs'));
    await openAt(a).push(bytesOf('ours'));
    const session = openAt(a, { targetNodeId: B.nodeId });
    expect(Buffer.from((await session.peek()) ?? []).toString()).toBe('ours');
    expect(Buffer.from((await session.pop()) ?? []).toString()).toBe('ours');
    await session.release();
    expect(await drained(b)).toEqual(['theirs']);
  });

  it('goes on byte for byte with its headers, this node among them, in pass-through mode', async () => {
    const stub = await startStub();
    const a = await startNode(A, { ...B, address: stub.address });
    // A field that nobody knows would not survive being encoded anew.
    const body = Buffer.concat([pushBytes('x', 'topic'), Uint8Array.of(0x78, 0x01)]);
    const headers = {
      'x-ptp-session-id': 's',
      'x-ptp-target-node-id': B.nodeId,
      'x-ptp-token': 'secret',
      'x-ptp-trace-id': 'trace',
      'x-ptp-tecn-provider-code': 'LX',
      'x-ptp-from-node-id': 'LX0000000000099',
      'x-other': 'stays here',
      'mesh-subset': 'goes on',
    };
    await askGrpc(a.address, { path: '/org.ppc.ptp.PrivateTransferTransport/push', headers, body });

    const [call] = stub.seen;
    expect(call?.path).toBe('/org.ppc.ptp.PrivateTransferProtocol/invoke');
    expect(Buffer.from(call?.body ?? []).equals(body)).toBe(true);
    expect(call?.headers).toEqual({
      'x-ptp-version': '1',
      'x-ptp-uri': '/org.ppc.ptp.PrivateTransferTransport/push',
      'x-ptp-session-id': 's',
      'x-ptp-target-node-id': B.nodeId,
      'x-ptp-source-node-id': 'LX0000000000099',
      'x-ptp-token': 'secret',
      'x-ptp-trace-id': 'trace',
      'x-ptp-tech-provider-code': 'LX',
      'mesh-subset': 'goes on',
      'mesh-nodes-passed': A.nodeId,
    });
  });

  it('says who sends it, and its trace, where the caller did not', async () => {
    const stub = await startStub();
    const a = await startNode(A, { ...B, address: stub.address, transport: 'http' });
    const headers = { 'x-ptp-session-id': 's', 'x-ptp-target-inst-id': B.instId, 'content-type': 'application/json' };
    const body = bytesOf(JSON.stringify({ topic: 't', payload: 'eA==' }));
    const answer = await askHttp(a.address, { path: '/v1/interconn/chan/push', headers, body });

    expect(await answer.json()).toEqual({ code: 'E0000000000', message: 'success' });
    const [call] = stub.seen;
    expect(call?.path).toBe('/v1/interconn/chan/invoke');
    expect(call?.contentType).toBe('application/x-protobuf');
    expect(decodePtp('PushInbound', call?.body ?? bytesOf(''))).toMatchObject({ topic: 't', payload: bytesOf('x') });
    expect(call?.headers).toMatchObject({
      'x-ptp-uri': '/v1/interconn/chan/push',
      'x-ptp-source-node-id': A.nodeId,
      'x-ptp-source-inst-id': A.instId,
      'x-ptp-target-node-id': B.nodeId,
      'x-ptp-target-inst-id': B.instId,
    });
    expect(call?.headers['x-ptp-trace-id']).toMatch(/^\w+$/);
  });

  it('is wrapped with its headers in wrapped mode', async () => {
    const stub = await startStub();
    const a = await startNode(A, { ...B, address: stub.address, mode: 'wrapped' });
    await openAt(a, { targetNodeId: B.nodeId, token: 'secret' }).push(bytesOf('x'), { messageId: 'm1' });

    const [call] = stub.seen;
    const { metadata, payload } = decodePtp('Inbound', call?.body ?? bytesOf(''));
    expect(decodePtp('PushInbound', payload).payload).toEqual(bytesOf('x'));
    expect(metadata).toMatchObject({
      'x-ptp-uri': '/org.ppc.ptp.PrivateTransferTransport/push',
      'x-ptp-session-id': 's',
      'x-ptp-token': 'secret',
      'mesh-message-id': 'm1',
      'mesh-nodes-passed': A.nodeId,
    });
    expect(metadata['x-ptp-version']).toBeUndefined();
    expect(call?.headers).toMatchObject(metadata);
  });

  it('arrives in the topic in which it was understood here, when its body and its headers name two', async () => {
    const b = await startNode(B);
    const a = await startNode(A, { ...B, address: b.address });
    const push = (headers: Record<string, string>) =>
      askGrpc(a.address, {
        path: '/org.ppc.ptp.PrivateTransferTransport/push',
        headers: { 'x-ptp-session-id': 's', 'x-ptp-target-node-id': B.nodeId, 'x-ptp-topic': 'headers', ...headers },
        body: pushBytes('x', 'body'),
      });
    // For mesh the headers count, by the standard the body does.
    await push({ 'x-ptp-uri': 'grpcs://ptp.cn/org.ppc.ptp.PrivateTransferTransport/push' });
    expect([await drained(b, 'headers'), await drained(b, 'body')]).toEqual([['x'], []]);
    await push({});
    expect([await drained(b, 'headers'), await drained(b, 'body')]).toEqual([[], ['x']]);
    // For FATE the body counts too; but what shows FATE is spelt as the standard has it on the way, and mesh shows then.
    await push({ 'x-ptp-from-node-id': A.nodeId, 'mesh-subset': 'gray' });
    expect([await drained(b, 'headers'), await drained(b, 'body')]).toEqual([[], ['x']]);
  });

  it('is answered with what the partner says, in the dialect of its caller', async () => {
    const stub = await startStub(() => outboundAnswer({ code: 'E0000000700', message: '满了' }));
    const a = await startNode(A, { ...B, address: stub.address });
    const headers = { 'x-ptp-session-id': 's', 'x-ptp-target-node-id': B.nodeId, 'x-ptp-from-node-id': 'LX9' };
    const ask = { path: '/v1/interconn/chan/push', headers, body: bytesOf('{"payload":"eA=="}') };
    expect(await (await askHttp(a.address, ask)).json()).toEqual({ code: 'E0000000700', msg: '满了' });
  });
});
