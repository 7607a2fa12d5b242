import { Logger } from '@nestjs/common';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { A, B, bytesOf, deadAddress, drained, openAt, startStub } from '../../support/nodes.js';
import { caught } from '../../support/caught.js';
import {
  ask,
  done,
  edges,
  NET_ACK,
  NET_EDGES,
  NET_REFRESH,
  NET_WEAVE,
  NODE_REFRESH,
  OPEN_TO_NODES,
  startSides,
  TOKEN,
} from '../../support/operator.js';

/** The bits of a route's status. */
const [CONNECTED, WEAVED, BY_HAND, ASKING, APPROVING] = [1, 2, 4, 16, 128] as const;

async function statusOf(address: string, nodeId: string, headers = {}): Promise<number | undefined> {
  return (await edges(address, headers)).get(nodeId)?.status;
}

describe('two nodes are woven over HTTP', () => {
  it.each(['grpc', 'http', 'tcp'] as const)(
    'through their outer ports, over %s; then what is pushed passes',
    async (transport) => {
      const a = await startSides(A, OPEN_TO_NODES);
      const b = await startSides(B, OPEN_TO_NODES);
      await done(a.inner, NODE_REFRESH, { inst_name: 'Bank A', root_crt: 'root of A' });
      const push = () => openAt(a.node, { targetNodeId: B.nodeId }).push(bytesOf('hello'));

      const asked = await done(a.inner, NET_WEAVE, {
        node_id: B.nodeId,
        inst_id: B.instId,
        address: b.outer,
        transport,
      });
      expect(asked).toMatchObject({ node_id: B.nodeId, status: ASKING | CONNECTED, auth_code: '' });
      expect(await statusOf(b.inner, A.nodeId)).toBe(APPROVING);
      expect((await edges(b.inner)).get(A.nodeId)).toMatchObject({
        inst_id: A.instId,
        address: a.outer,
        inst_name: 'Bank A',
        guest_root: 'root of A',
        auth_code: '',
      });
      expect(await caught(push())).toMatchObject({
        code: 'E0000000618',
        message: expect.stringContaining('not woven yet'),
      });

      const woven = await done(b.inner, NET_ACK, { node_id: A.nodeId });
      expect(woven).toMatchObject({ node_id: A.nodeId, status: WEAVED | CONNECTED, auth_code: '' });
      expect(await statusOf(a.inner, B.nodeId)).toBe(WEAVED | CONNECTED);
      await push();
      expect(await drained(b.node)).toEqual(['hello']);
      await openAt(b.node, { targetInstId: A.instId }).push(bytesOf('back'));
      expect(await drained(a.node)).toEqual(['back']);
    },
  );

  it.each([
    ['msgpack', 'json'],
    ['json', 'msgpack'],
  ])('in JSON at the paths of HTTP, where RPC is written in %s here and in %s there', async (here, there) => {
    const a = await startSides(A, { ...OPEN_TO_NODES, use: { codec: here } });
    const b = await startSides(B, { ...OPEN_TO_NODES, use: { codec: there } });
    const route = { node_id: B.nodeId, inst_id: B.instId, address: b.outer, transport: 'http' };
    expect(await done(a.inner, NET_WEAVE, route)).toMatchObject({ status: ASKING | CONNECTED });
    expect(await statusOf(b.inner, A.nodeId)).toBe(APPROVING);
  });

  it.each([
    ['yaml', 'xml', 'http'],
    ['msgpack', 'msgpack', 'grpc'],
    ['yaml', 'json', 'grpc'],
    ['json', 'yaml', 'tcp'],
  ])('to the end, where RPC is written in %s here and in %s there, over %s', async (here, there, transport) => {
    const a = await startSides(A, { ...OPEN_TO_NODES, use: { codec: here } });
    const b = await startSides(B, { ...OPEN_TO_NODES, use: { codec: there } });
    await done(a.inner, NET_WEAVE, { node_id: B.nodeId, inst_id: B.instId, address: b.outer, transport });
    await done(b.inner, NET_ACK, { node_id: A.nodeId });
    expect(await statusOf(a.inner, B.nodeId)).toBe(WEAVED | CONNECTED);
  });

  it('with tokens, which never leave for the other node', async () => {
    const administered = { node: { administration: { token: TOKEN } } };
    const stub = await startStub(() => ({ body: Buffer.from('{"code":"E0000000000"}') }));
    const a = await startSides(A, administered);
    const headers = { 'x-ptp-token': TOKEN, authorization: `Bearer ${TOKEN}` };
    const urn = `weave.net.mesh.0001000000000000000000000000000000000.${A.nodeId.toLowerCase()}.trustbe.cn`;
    const route = { node_id: B.nodeId, address: stub.address };
    await done(a.inner, NET_WEAVE, route, headers);
    await done(a.inner, '/mesh/invoke', { route, attachments: headers }, { ...headers, 'mesh-urn': urn });
    await done(a.inner, NET_WEAVE, { ...route, transport: 'http' }, headers);
    expect(stub.seen.map(({ path }) => path)).toEqual(['/mesh-rpc/v1', '/mesh-rpc/v1', NET_WEAVE]);
    const sent = stub.seen.map(({ headers: some, body }) => JSON.stringify(some) + Buffer.from(body).toString());
    expect(sent.join()).not.toContain(TOKEN);
  });

  it.each(['grpc', 'http', 'tcp'] as const)(
    'through their inner sides, where nodes are no operators, over %s',
    async (transport) => {
      const [a, b] = [await startSides(A), await startSides(B)];
      await done(a.inner, NODE_REFRESH, { address: a.inner });
      await done(b.inner, NODE_REFRESH, { address: b.inner });
      await done(a.inner, NET_WEAVE, { node_id: B.nodeId, address: b.inner, transport });
      expect(await statusOf(b.inner, A.nodeId)).toBe(APPROVING);
      await done(b.inner, NET_ACK, { node_id: A.nodeId, transport });
      expect([await statusOf(a.inner, B.nodeId), await statusOf(b.inner, A.nodeId)]).toEqual([3, 3]);
    },
  );

  it('by both operators, by hand, at once', async () => {
    const a = await startSides(A);
    const b = await startSides(B);
    await done(a.inner, NET_REFRESH, { node_id: B.nodeId, address: b.outer });
    await done(b.inner, NET_REFRESH, { node_id: A.nodeId, address: a.outer });
    expect([await statusOf(a.inner, B.nodeId), await statusOf(b.inner, A.nodeId)]).toEqual([6, WEAVED | BY_HAND]);
    await openAt(a.node, { targetNodeId: B.nodeId }).push(bytesOf('hello'));
    expect(await drained(b.node)).toEqual(['hello']);
  });
});

describe('a node that is asked by strangers', () => {
  const request = { node_id: A.nodeId, inst_id: A.instId, address: '192.0.2.1:7304', auth_code: 'code-of-the-request' };

  it('hears nothing where it does not serve that', async () => {
    const { inner, outer } = await startSides(B);
    const answer = await ask(outer, NET_WEAVE, { body: request });
    expect(answer.code).toBe('E0000000617');
    expect((await edges(inner)).size).toBe(0);
  });

  it('lets the request of a node of the standard wait, and shows no secret of it', async () => {
    const { inner, outer } = await startSides(B, OPEN_TO_NODES);
    expect(await ask(outer, NET_WEAVE, { body: request })).toMatchObject({
      status: 200,
      code: 'E0000000000',
      content: null,
    });
    expect(await statusOf(inner, A.nodeId)).toBe(APPROVING);
    expect((await ask(inner, NET_EDGES, { method: 'GET' })).text).not.toContain(request.auth_code);
  });

  it('never takes them for its operator', async () => {
    const { inner, outer } = await startSides(B, OPEN_TO_NODES);
    await ask(outer, NET_WEAVE, { body: request });
    expect(await ask(outer, NET_ACK, { body: request })).toMatchObject({ code: 'E0000000403' });
    expect(await ask(outer, NET_REFRESH, { body: request })).toMatchObject({ status: 404, code: 'E0000000617' });
    expect(await ask(outer, NET_EDGES, { method: 'GET' })).toMatchObject({ status: 404 });
    expect(await statusOf(inner, A.nodeId)).toBe(APPROVING);
  });

  it('does not take a mistaken token for a stranger where operators are served, too', async () => {
    const serves = ['administration', 'weaving'];
    const { inner, outer } = await startSides(B, { node: { administration: { token: TOKEN } }, serves });
    const mistaken = await ask(outer, NET_WEAVE, { body: request, headers: { authorization: 'Bearer mistaken' } });
    expect(mistaken).toMatchObject({ status: 403, code: 'E0000000403' });
    const shown = { 'x-ptp-token': TOKEN };
    expect((await edges(inner, shown)).size).toBe(0);
    expect(await ask(outer, NET_WEAVE, { body: request })).toMatchObject({ code: 'E0000000000' });
    expect(await statusOf(inner, A.nodeId, shown)).toBe(APPROVING);
  });

  it('does not grow with them', async () => {
    const { inner, outer } = await startSides(B, OPEN_TO_NODES);
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, index) =>
        ask(outer, NET_WEAVE, { body: { ...request, node_id: `LX${index}` } }),
      ),
    );
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(['E0000000000', 'E0000000700']));
    expect((await edges(inner)).size).toBeLessThanOrEqual(64);
  });
});

describe('an operator who weaves', () => {
  it('is told when the node is not reached, and may say it again', async () => {
    const a = await startSides(A);
    const address = await deadAddress();
    expect(await ask(a.inner, NET_WEAVE, { body: { node_id: B.nodeId, address } })).toMatchObject({
      code: 'E0000000607',
    });
    expect(await statusOf(a.inner, B.nodeId)).toBe(ASKING);
    const b = await startSides(B, OPEN_TO_NODES);
    await done(a.inner, NET_WEAVE, { node_id: B.nodeId, address: b.outer });
    expect(await statusOf(b.inner, A.nodeId)).toBe(APPROVING);
  });

  it('is told when the node does not let itself be asked', async () => {
    const [a, b] = [await startSides(A), await startSides(B)];
    for (const transport of ['grpc', 'http', 'tcp']) {
      const answer = await ask(a.inner, NET_WEAVE, { body: { node_id: B.nodeId, address: b.outer, transport } });
      expect(answer).toMatchObject({ code: 'E0000000617', message: expect.stringContaining(B.nodeId) });
      expect(await statusOf(a.inner, B.nodeId)).toBeUndefined();
    }
  });

  it('leaves what is done in the log, and no secret', async () => {
    const lines: unknown[] = [];
    for (const level of ['log', 'warn', 'error'] as const) {
      const spy = vi.spyOn(Logger.prototype, level).mockImplementation((...what: unknown[]) => void lines.push(what));
      onTestFinished(() => spy.mockRestore());
    }
    const a = await startSides(A, { node: { administration: { token: TOKEN } } });
    const headers = { authorization: `Bearer ${TOKEN}` };
    const secrets = { auth_code: 'secret-code-of-the-route', host_key: 'secret-key', guest_key: 'secret-key' };
    await done(a.inner, NET_REFRESH, { node_id: B.nodeId, address: 'b:1', ...secrets }, headers);
    await ask(a.inner, NET_ACK, { body: { node_id: 'LX9\nforged line' }, headers });
    const text = JSON.stringify(lines);
    expect(text).toMatch(new RegExp(`enters the route to ${B.nodeId}, status 6, by 127\\.0\\.0\\.1:\\d+`));
    expect(text).not.toMatch(/secret|forged/);
    expect(text).not.toContain(TOKEN);
  });
});
