import { describe, expect, it } from 'vitest';
import { MeshCode } from 'nestjs-mesh';
import { decodePtp } from '../../lib/protocol/ptp/protobuf-reader.js';
import { encodePtp } from '../../lib/protocol/ptp/protobuf-writer.js';
import { GrpcTransport } from '../../lib/transport/grpc/grpc-transport.js';
import { A, askGrpc, askHttp, B, bytesOf, C, drained, openAt, pushBytes, startNode } from '../support/nodes.js';
import { outbound, transportOptions } from '../support/transport-fixtures.js';

const GRPC_INVOKE = '/org.ppc.ptp.PrivateTransferProtocol/invoke';
const GRPC_TRANSPORT = '/org.ppc.ptp.PrivateTransferProtocol/transport';
const HTTP_INVOKE = '/v1/interconn/chan/invoke';
const HTTP_TRANSPORT = '/v1/interconn/chan/transport';
const PUSH = 'grpcs://ptp.cn/org.ppc.ptp.PrivateTransferTransport/push';
const POP = 'https://ptp.cn/v1/interconn/chan/pop';

type Headers = Readonly<Record<string, string>>;

/** The headers of a request that another node hands on. */
function headersOf(more: Headers = {}): Headers {
  return { 'x-ptp-session-id': 's', 'x-ptp-target-node-id': B.nodeId, 'x-ptp-uri': PUSH, ...more };
}

function wrapped(metadata: Headers, payload = pushBytes('x', 't')): Uint8Array {
  return encodePtp('Inbound', { metadata, payload });
}

const asProtobuf = { 'content-type': 'application/x-protobuf' };
const asJson = { 'content-type': 'application/json' };

async function outboundOf(answer: Response): Promise<{ code: string; message: string; payload: Uint8Array }> {
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/x-protobuf');
  return decodePtp('Outbound', new Uint8Array(await answer.arrayBuffer()));
}

describe('a node is handed a push by another', () => {
  it('over gRPC, as it came', async () => {
    const b = await startNode(B);
    const ask = { path: GRPC_INVOKE, headers: headersOf({ 'x-ptp-version': '1' }), body: pushBytes('x', 't') };
    expect((await askGrpc(b.address, ask)).code).toBe(MeshCode.SUCCESS);
    expect(await drained(b, 't')).toEqual(['x']);
  });

  it('over gRPC, wrapped', async () => {
    const b = await startNode(B);
    const ask = { path: GRPC_INVOKE, headers: {}, body: wrapped(headersOf()) };
    expect((await askGrpc(b.address, ask)).code).toBe(MeshCode.SUCCESS);
    expect(await drained(b, 't')).toEqual(['x']);
  });

  it.each([HTTP_INVOKE, HTTP_TRANSPORT])('over HTTP at %s, wrapped, in protobuf', async (path) => {
    const b = await startNode(B);
    const answer = await askHttp(b.address, { path, headers: asProtobuf, body: wrapped(headersOf()) });
    expect((await outboundOf(answer)).code).toBe(MeshCode.SUCCESS);
    expect(await drained(b, 't')).toEqual(['x']);
  });

  it.each([HTTP_INVOKE, HTTP_TRANSPORT])('over HTTP at %s, wrapped, in JSON', async (path) => {
    const b = await startNode(B);
    const payload = Buffer.from(JSON.stringify({ topic: 't', payload: 'eA==' })).toString('base64');
    const body = bytesOf(JSON.stringify({ metadata: headersOf(), payload }));
    const answer = await askHttp(b.address, { path, headers: asJson, body });
    expect(await answer.json()).toEqual({ code: MeshCode.SUCCESS, message: 'success' });
    expect(await drained(b, 't')).toEqual(['x']);
  });

  it('over HTTP, as it came, in JSON', async () => {
    const b = await startNode(B);
    const headers = headersOf({ ...asJson, 'x-ptp-version': '1' });
    const body = bytesOf(JSON.stringify({ topic: 't', payload: 'eA==' }));
    const answer = await askHttp(b.address, { path: HTTP_INVOKE, headers, body });
    expect(await answer.json()).toEqual({ code: MeshCode.SUCCESS, message: 'success' });
    expect(await drained(b, 't')).toEqual(['x']);
  });

  it('on a stream, one Outbound for each Inbound', async () => {
    const b = await startNode(B);
    const connection = new GrpcTransport(transportOptions()).dial(b.address);
    const stream = connection.open(outbound({ path: GRPC_TRANSPORT }));
    await stream.send(wrapped(headersOf()));
    await stream.send(wrapped(headersOf(), pushBytes('y', 't')));
    stream.end();
    const codes: string[] = [];
    for await (const message of stream.messages) codes.push(decodePtp('Outbound', message).code);
    connection.destroy();
    expect(codes).toEqual([MeshCode.SUCCESS, MeshCode.SUCCESS]);
    expect(await drained(b, 't')).toEqual(['x', 'y']);
  });
});

describe('a node that another asks', () => {
  it('pops for it', async () => {
    const b = await startNode(B);
    await openAt(b).push(bytesOf('x'), { topic: 't' });
    const payload = encodePtp('PopInbound', { topic: 't', timeout: 100 });
    const headers = headersOf({ 'x-ptp-uri': POP });
    const answer = await askHttp(b.address, {
      path: HTTP_INVOKE,
      headers: asProtobuf,
      body: wrapped(headers, payload),
    });
    expect(Buffer.from((await outboundOf(answer)).payload).toString()).toBe('x');
  });
});

const TOO_MANY = Array.from({ length: 17 }, (_, i) => `LX${i}`).join();

/** What is wrong with a request that another node hands on, and the code it is answered with. */
const hostile: readonly (readonly [string, string, Headers, Uint8Array])[] = [
  ['wrapped garbage', MeshCode.ENCODING, {}, bytesOf('\u00ff\u00ff garbage')],
  ['a bomb of lengths', MeshCode.ENCODING, {}, Uint8Array.of(0x12, 0xff, 0xff, 0xff, 0xff, 0x07)],
  ['garbage as it came', MeshCode.ENCODING, headersOf({ 'x-ptp-version': '1' }), bytesOf('\u00ff\u00ff')],
  ['an empty message', MeshCode.INVALID_REQUEST, {}, new Uint8Array(0)],
  ['no x-ptp-uri', MeshCode.INVALID_REQUEST, {}, wrapped({ 'x-ptp-session-id': 's' })],
  [
    'an unknown path',
    MeshCode.NOT_FOUND,
    {},
    wrapped(headersOf({ 'x-ptp-uri': 'https://ptp.cn/v1/interconn/chan/drop' })),
  ],
  ['a call between nodes', MeshCode.NOT_FOUND, {}, wrapped(headersOf({ 'x-ptp-uri': HTTP_INVOKE }))],
  ['no session', MeshCode.INVALID_REQUEST, {}, wrapped({ 'x-ptp-uri': PUSH })],
  [
    'a line break in a header',
    MeshCode.INVALID_REQUEST,
    {},
    wrapped(headersOf({ 'x-ptp-token': 'a\r\nx-ptp-uri: b' })),
  ],
  ['a line break in a name', MeshCode.INVALID_REQUEST, {}, wrapped(headersOf({ 'x-a\r\nb': 'c' }))],
  ['a header beyond ASCII', MeshCode.INVALID_REQUEST, {}, wrapped(headersOf({ 'x-ptp-trace-id': '链' }))],
  ['__proto__ for a header', MeshCode.INVALID_REQUEST, {}, wrapped(JSON.parse('{"__proto__":"x"}') as Headers)],
  [
    '17 nodes passed',
    MeshCode.CIRCULAR_REQUEST,
    {},
    wrapped(headersOf({ 'x-ptp-target-node-id': C.nodeId, 'mesh-nodes-passed': TOO_MANY })),
  ],
  ['a node that is no partner', MeshCode.NOT_IN_NETWORK, {}, wrapped(headersOf({ 'x-ptp-target-node-id': A.nodeId }))],
];

describe('what another node hands on is refused, and nothing is stored', () => {
  it.each(hostile)('for %s: %s', async (_, code, headers, body) => {
    const b = await startNode(B, { ...C, address: '127.0.0.1:1' });
    const overGrpc = await askGrpc(b.address, { path: GRPC_INVOKE, headers, body });
    const overHttp = await outboundOf(
      await askHttp(b.address, { path: HTTP_INVOKE, headers: { ...asProtobuf, ...headers }, body }),
    );
    expect([overGrpc.code, overHttp.code]).toEqual([code, code]);
    expect(overGrpc.message).not.toBe('');
    expect([...(await drained(b, 't')), ...(await drained(b))]).toEqual([]);
  });

  it('in JSON, when its content type is unknown', async () => {
    const b = await startNode(B);
    const ask = { path: HTTP_INVOKE, headers: { 'content-type': 'text/plain' }, body: bytesOf('x') };
    expect(await (await askHttp(b.address, ask)).json()).toMatchObject({ code: MeshCode.ENCODING });
  });
});
