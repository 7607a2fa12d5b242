import { MeshCode, type MeshSession, MeshSessions } from 'nestjs-mesh';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { HttpPeer, type PeerAnswer } from '../support/http-peer.js';
import { startApp } from '../support/mesh-app.js';

const JSON_TYPE = 'application/json';
const PROTOBUF_TYPE = 'application/x-protobuf';

const inJson = (fields: object): PeerAnswer => ({ contentType: JSON_TYPE, body: Buffer.from(JSON.stringify(fields)) });
const inProtobuf = (hex: string): PeerAnswer => ({ contentType: PROTOBUF_TYPE, body: Buffer.from(hex, 'hex') });
const text = (payload: Uint8Array | undefined): string | undefined => payload && Buffer.from(payload).toString();
const field = (tag: string, value: string): string =>
  tag + Buffer.of(value.length).toString('hex') + Buffer.from(value).toString('hex');

/** A session at a peer that answers so, and the peer. */
async function sessionAt(
  answers: readonly PeerAnswer[],
  dialect: string,
  contentType = JSON_TYPE,
): Promise<{ readonly peer: HttpPeer; readonly session: MeshSession }> {
  const peer = await HttpPeer.start(answers);
  const { app } = await startApp({ options: { nodeId: 'LX0000010000280', instId: 'JG0100002800000000' } });
  const session = app.get(MeshSessions).open('session_id_008', {
    node: { address: peer.address, transport: 'http', dialect, contentType },
    targetNodeId: 'LX0000010000290',
    providerCode: 'LX',
    token: 'x',
  });
  return { peer, session };
}

const HEAD = {
  'x-ptp-session-id': 'session_id_008',
  'x-ptp-token': 'x',
  'x-ptp-tech-provider-code': 'LX',
  'x-ptp-source-node-id': 'LX0000010000280',
  'x-ptp-source-inst-id': 'JG0100002800000000',
  'x-ptp-target-node-id': 'LX0000010000290',
  'x-ptp-trace-id': expect.stringMatching(/^\w+$/) as string,
};

describe('our client, at a peer over HTTP', () => {
  it.each([
    ['standard', { code: 'E0000000000', message: 'success', content: 'aGVsbG8=' }],
    ['mesh', { code: '0', message: '', payload: 'aGVsbG8=', metadata: null }],
    ['fate', { code: 'E0000000000', msg: 'success', payload: 'aGVsbG8=' }],
  ])('of %s: sends messages in JSON, and reads what it answers', async (dialect, answer) => {
    const { peer, session } = await sessionAt([inJson({ ...answer, payload: null }), inJson(answer)], dialect);
    await session.push(Buffer.from('hello'), { topic: 'topic', messageId: 'id-1', timeoutMs: 9 });
    expect(text(await session.pop({ topic: 'topic', timeoutMs: 10_000 }))).toBe('hello');

    const [push, pop] = peer.requests;
    const inHeaders = (timeout: string) =>
      dialect === 'mesh' ? { 'x-ptp-topic': 'topic', 'x-ptp-timeout': timeout } : {};
    expect(push).toMatchObject({ target: '/v1/interconn/chan/push', headers: { ...HEAD, 'content-type': JSON_TYPE } });
    expect(push!.headers).toMatchObject({ 'mesh-message-id': 'id-1', ...inHeaders('9') });
    const pushed = '{"topic":"topic","payload":"aGVsbG8=","metadata":{"mesh-message-id":"id-1"}}';
    expect(push!.body.toString()).toBe(pushed);
    expect(pop).toMatchObject({ target: '/v1/interconn/chan/pop', headers: { ...HEAD, ...inHeaders('10000') } });
    expect(pop!.body.toString()).toBe('{"topic":"topic","timeout":10000}');
  });

  it('of the standard: sends and reads protobuf', async () => {
    const success = field('1a', 'E0000000000') + field('22', 'success');
    const answers = [inProtobuf(success), inProtobuf(field('12', 'hello') + success)];
    const { peer, session } = await sessionAt(answers, 'standard', PROTOBUF_TYPE);
    await session.push(Buffer.from('hello'), { topic: 'topic', messageId: 'id-1' });
    expect(text(await session.pop({ topic: 'topic', timeoutMs: 10_000 }))).toBe('hello');

    const metadata = field('1a', Buffer.from(field('0a', 'mesh-message-id') + field('12', 'id-1'), 'hex').toString());
    expect(peer.requests[0]!.headers['content-type']).toBe(PROTOBUF_TYPE);
    expect(peer.requests[0]!.body.toString('hex')).toBe(field('0a', 'topic') + field('12', 'hello') + metadata);
    expect(peer.requests[1]!.body.toString('hex')).toBe(`${field('0a', 'topic')}10904e`);
  });

  it('of yacl: pushes the payload itself, pops with seconds in the query, reads its layout', async () => {
    const success = field('12', 'E0000000000') + field('1a', 'success');
    const bytes = (hex: string): PeerAnswer => ({ body: Buffer.from(hex, 'hex') });
    const { peer, session } = await sessionAt([bytes(success), bytes(field('0a', 'hello') + success)], 'yacl');
    await session.push(Buffer.from('{"hello"'), { topic: 'root:0' });
    expect(text(await session.pop({ topic: 'root:0', timeoutMs: 1_500 }))).toBe('hello');

    const [push, pop] = peer.requests;
    expect(push).toMatchObject({ target: '/v1/interconn/chan/push', headers: { ...HEAD, 'x-ptp-topic': 'root:0' } });
    // No content type says what the body is; HTTP's own name for bytes says nothing more.
    expect(push!.headers['content-type']).toBe('application/octet-stream');
    expect(push!.body.toString()).toBe('{"hello"');
    expect(pop).toMatchObject({ target: '/v1/interconn/chan/pop?timeout=2', headers: { 'x-ptp-topic': 'root:0' } });
    expect(pop!.body).toHaveLength(0);
  });

  it.each([
    ['standard', inJson({ code: 'E0000000000', message: '' })],
    ['mesh', inJson({ code: 'E0000000000', message: '', payload: null })],
    ['mesh', inProtobuf(field('1a', 'E0000000000'))],
    ['fate', inJson({ code: 'E0000000601', msg: 'timeout' })],
    ['fate', inProtobuf(field('1a', 'E0000000601'))],
    ['yacl', inProtobuf(field('12', 'E0000000404'))],
    ['yacl', inProtobuf(field('12', 'E0000000000'))],
  ])('of %s: hears in its words that there is no message', async (dialect, answer) => {
    const { session } = await sessionAt([answer], dialect);
    expect(await session.pop({ topic: 't', timeoutMs: 1 })).toBeUndefined();
  });

  it.each([
    ['standard', inJson({ code: 'E0000000700', message: 'full' })],
    ['mesh', inJson({ code: 'E0000000700', message: 'full' })],
    ['fate', inJson({ code: 'E0000000700', msg: 'full' })],
    ['yacl', inProtobuf(field('12', 'E0000000700') + field('1a', 'full'))],
  ])('of %s: hears that its queue is full, once', async (dialect, answer) => {
    const { peer, session } = await sessionAt([answer], dialect);
    expect(await caught(session.push(Buffer.from('x')))).toMatchObject({
      code: MeshCode.BUFFER_FULL,
      message: expect.stringContaining('full') as string,
    });
    expect(peer.requests).toHaveLength(1);
  });
});
