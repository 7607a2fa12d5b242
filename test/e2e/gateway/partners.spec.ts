import { describe, expect, it } from 'vitest';
import { direct, MeshClient, MeshCode, MeshPartners, type PartnerOptions } from 'nestjs-mesh';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import {
  register,
  said,
  SERVICE,
  startNode,
  startNodeWith,
  Trust,
  trustProvider,
  urnOf,
} from '../../support/gateway-fixtures.js';
import { http1Caller } from '../../support/http-callers.js';
import { startApp, startConsumer, type TestApp } from '../../support/mesh-app.js';
import { A, B, bytesOf, C, deadAddress, silentAddress, startStub, type Stub } from '../../support/nodes.js';
import { RawCaller } from '../../support/raw-caller.js';

const ODD = Uint8Array.of(0x7b, 0xff, 0x00, 0xfe, 0x22);
const toB = { 'mesh-urn': urnOf(SERVICE, B.nodeId) };

/** Two nodes, of which the second has an instance behind it. */
async function startTwo(
  route: Partial<PartnerOptions> = {},
): Promise<Record<'first' | 'second', TestApp> & { instance: Stub }> {
  const instance = await startStub(({ body }) => ({ body: Buffer.concat([body, ODD]) }));
  const second = await startNode(B);
  await register(second, instance.address);
  const first = await startNode({ ...A, partners: [{ ...B, address: second.address, ...route }] });
  return { first, second, instance };
}

describe.each(['grpc', 'http', 'tcp'] as const)('a partner over %s', (transport) => {
  it('gets the bytes of calls as they are, and so do callers those of answers', async () => {
    const { first, instance } = await startTwo({ transport });
    const caller = new RawCaller(first.address);
    expect([...(await caller.call({ headers: toB, body: ODD }))]).toEqual([...ODD, ...ODD]);
    expect(await caller.row(['a', 'b'], { headers: toB })).toEqual([
      Buffer.concat([bytesOf('a'), ODD]),
      Buffer.concat([bytesOf('b'), ODD]),
    ]);
    const answer = await http1Caller(first.address)('/mesh/invoke', toB, ODD);
    expect(answer).toMatchObject({ status: 200, body: Buffer.from([...ODD, ...ODD]) });
    const { headers } = instance.seen[0]!;
    expect(headers).toMatchObject({
      'mesh-urn': toB['mesh-urn'],
      'mesh-nodes-passed': `${A.nodeId},${B.nodeId}`,
      'x-ptp-target-node-id': B.nodeId,
    });
  });

  it('is told of the deadline and of a cancelled call', async () => {
    const provider = trustProvider();
    const second = await startNodeWith(provider, B);
    const first = await startNode({ ...A, partners: [{ ...B, address: second.address, transport }] });
    const caller = new RawCaller(first.address);
    const waiting = { 'mesh-urn': urnOf('mesh.trust.wait', B.nodeId) };
    const before = Date.now();
    const late = await caller.call({ headers: { ...waiting, 'x-ptp-timeout': '1000' } });
    expect(said(late).code).toBe(MeshCode.TIMEOUT);
    expect(provider.contexts[0]!.deadline).toBeLessThanOrEqual(before + 5_000);
    await eventually('the provider gives up', () => provider.events.length === 2);
    const leaving = new AbortController();
    const call = caller.call({ headers: waiting, signal: leaving.signal });
    await eventually('the provider is called', () => provider.events.length === 3);
    leaving.abort();
    await expect(call).rejects.toThrow('CANCELLED');
    await eventually('the provider is told', () => provider.events.length === 4);
  });
});

describe('a node with partners', () => {
  it('finds them by node or institution, in headers or in the URN', async () => {
    const { first, instance } = await startTwo();
    const caller = new RawCaller(first.address);
    const own = { 'mesh-urn': urnOf(SERVICE, A.nodeId) };
    const ways = [
      { ...own, 'x-ptp-target-node-id': B.nodeId.toLowerCase() },
      { ...own, 'mesh-target-node-id': B.nodeId },
      { ...own, 'x-ptp-target-inst-id': B.instId },
      { 'mesh-urn': urnOf(SERVICE, B.instId) },
    ];
    for (const headers of ways) {
      expect([...(await caller.call({ headers, body: 'x' }))]).toEqual([...bytesOf('x'), ...ODD]);
    }
    expect(instance.seen).toHaveLength(ways.length);
  });

  it('refuses what contradicts itself, and whom it does not know', async () => {
    const { first, instance } = await startTwo();
    await first.app.get(MeshPartners).put({ ...C, address: await deadAddress() });
    const caller = new RawCaller(first.address);
    const code = async (headers: Readonly<Record<string, string | readonly string[]>>): Promise<string> =>
      said(await caller.call({ headers })).code;
    expect(await code({ ...toB, 'x-ptp-target-node-id': C.nodeId })).toBe(MeshCode.INVALID_REQUEST);
    expect(await code({ ...toB, 'x-ptp-target-node-id': [B.nodeId, B.nodeId] })).toBe(MeshCode.INVALID_REQUEST);
    expect(await code({ 'mesh-urn': [toB['mesh-urn'], urnOf()] })).toBe(MeshCode.INVALID_REQUEST);
    expect(await code({ 'mesh-urn': urnOf(SERVICE, 'LX9') })).toBe(MeshCode.NOT_IN_NETWORK);
    expect(await code({ ...toB, 'x-ptp-target-node-id': 'LX9' })).toBe(MeshCode.NOT_IN_NETWORK);
    expect(await code({ 'mesh-urn': urnOf(), 'x-ptp-target-inst-id': 'JG9' })).toBe(MeshCode.NOT_IN_NETWORK);
    expect(await code({ 'mesh-urn': toB['mesh-urn'].replace('trustbe.cn', 'example.org') })).toBe(
      MeshCode.INVALID_REQUEST,
    );
    for (const odd of ['../../v1', 'apply.trust.mesh', `${'a.'.repeat(600)}b`, '__proto__', '%2e%2e.x', '\u007f']) {
      if (odd !== '\u007f') expect(await code({ 'mesh-urn': odd }), odd).toBe(MeshCode.INVALID_REQUEST);
    }
    expect(instance.seen).toEqual([]);
  });

  it('tells that a partner is disabled, or that the time with it is over', async () => {
    const { first } = await startTwo();
    const partners = first.app.get(MeshPartners);
    const caller = new RawCaller(first.address);
    await partners.put({ ...C, address: await deadAddress(), details: { status: 32 } });
    expect(said(await caller.call({ headers: { 'mesh-urn': urnOf(SERVICE, C.nodeId) } })).code).toBe(
      MeshCode.NETWORK_DISABLED,
    );
    await partners.put({ ...C, details: { status: 2, expireAt: 1 } });
    expect(said(await caller.call({ headers: { 'mesh-urn': urnOf(SERVICE, C.nodeId) } })).code).toBe(
      MeshCode.NETWORK_EXPIRED,
    );
  });

  it('tries the addresses of a partner in turn, and tells when none answers', async () => {
    const { second } = await startTwo();
    const dead = await deadAddress();
    const first = await startNode({ ...A, partners: [{ ...B, address: [dead, second.address] }] });
    const none = await startNode({ ...A, partners: [{ ...B, address: dead }] });
    expect([...(await new RawCaller(first.address).call({ headers: toB, body: '' }))]).toEqual([...ODD]);
    expect(said(await new RawCaller(none.address).call({ headers: toB }))).toMatchObject({
      code: MeshCode.UNREACHABLE,
      message: expect.stringContaining(dead) as string,
    });
  });

  it('gives a partner that takes calls and never answers no longer than the caller says; others are served', async () => {
    const instance = await startStub(() => ({ body: bytesOf('served') }));
    const first = await startNode({ ...A, partners: [{ ...B, address: await silentAddress() }] });
    await register(first, instance.address);
    const caller = new RawCaller(first.address);
    const lost = Array.from({ length: 20 }, () => caller.call({ headers: { ...toB, 'x-ptp-timeout': '1000' } }));
    expect((await caller.call({ headers: { 'mesh-urn': urnOf() }, timeoutMs: 9_000 })).toString()).toBe('served');
    for (const answer of await Promise.all(lost)) expect(said(answer).code).toBe(MeshCode.TIMEOUT);
  });

  it('cuts a circle', async () => {
    const first = await startNode(A);
    // The second believes that the third is behind the first, and the first that it is behind the second.
    const second = await startNode({ ...B, partners: [{ ...C, address: first.address }] });
    await first.app.get(MeshPartners).put({ ...C, address: second.address });
    const answer = await new RawCaller(first.address).call({ headers: { 'mesh-urn': urnOf(SERVICE, C.nodeId) } });
    expect(said(answer)).toMatchObject({
      code: MeshCode.CIRCULAR_REQUEST,
      message: expect.stringContaining(A.nodeId) as string,
    });
  });

  it('answers for a service that nobody at the partner provides', async () => {
    const { first } = await startTwo();
    const caller = new RawCaller(first.address);
    const unknown = { 'mesh-urn': urnOf('mesh.no.body', B.nodeId) };
    expect(said(await caller.call({ headers: unknown })).code).toBe(MeshCode.NO_SERVICE);
    const byInstitution = { 'mesh-urn': urnOf('mesh.no.body', A.nodeId), 'x-ptp-target-inst-id': B.instId };
    expect(said(await caller.call({ headers: byInstitution })).code).toBe(MeshCode.NO_SERVICE);
  });
});

describe('calls of facades across two nodes', () => {
  it('reach the provider with trace, deadline and caller, in streams and without', async () => {
    const provider = trustProvider();
    const second = await startNodeWith(provider, B);
    const first = await startNode({ ...A, partners: [{ ...B, address: second.address }] });
    const { app } = await startConsumer(first.address, { facades: [Trust], options: { ...A, name: 'caller' } });
    const trust = direct(app.get(Trust), { nodeId: B.nodeId, timeoutMs: 15_000 });
    const before = Date.now();
    for (let n = 0; n < 5; n++) expect(await trust.apply(String(n))).toBe(`applied ${n}`);
    expect(await direct(app.get(Trust), { instId: B.instId }).apply('x')).toBe('applied x');
    expect(new Set(provider.contexts.map(({ traceId }) => traceId)).size).toBe(6);
    for (const { source, deadline } of provider.contexts.slice(0, 5)) {
      expect(source.nodeId).toBe(A.nodeId);
      expect(deadline - before).toBeGreaterThan(11_000);
      expect(deadline - before).toBeLessThan(19_500);
    }
    const giving = new AbortController();
    const waiting = direct(app.get(Trust), { nodeId: B.nodeId, signal: giving.signal }).wait();
    await eventually('the provider is called', () => provider.events.length === 1);
    giving.abort();
    expect((await caught(waiting)).code).toBe(MeshCode.CANCELLED);
    await eventually('the provider is told', () => provider.events.length === 2);
  });

  it('are kept apart by what their headers say, though they share streams', async () => {
    const provider = trustProvider();
    const node = await startNodeWith(provider, A);
    const { app } = await startConsumer(node.address, { facades: [Trust] });
    for (const token of ['one', 'two', 'one', 'two', '']) {
      await direct(app.get(Trust), { attachments: { 'x-ptp-token': token } }).apply(token);
    }
    expect(provider.contexts.map(({ token }) => token ?? '')).toEqual(['one', 'two', 'one', 'two', '']);
  });
});

describe('calls of the application that is the node', () => {
  it('go to partners by node and institution, and elsewhere as ever', async () => {
    const provider = trustProvider();
    const second = await startNodeWith(provider, B);
    const first = await startApp({
      facades: [Trust],
      options: { ...A, node: {}, subset: 'blue', partners: [{ ...B, address: second.address }] },
    });
    const trust = first.client(Trust);
    expect(await direct(trust, { nodeId: B.nodeId.toLowerCase() }).apply('a')).toBe('applied a');
    expect(await direct(trust, { instId: B.instId, subset: '' }).apply('b')).toBe('applied b');
    expect(provider.contexts.map(({ source }) => source.nodeId)).toEqual([A.nodeId, A.nodeId]);
    // Which subset there is, the partner's node knows.
    const green = await startStub(() => ({ body: bytesOf('{"code":"E0000000000","content":"green"}') }));
    await register(second, green.address, { attachments: { 'mesh-subset': 'green' } });
    for (let n = 0; n < 2; n++) {
      expect(await direct(trust, { nodeId: B.nodeId, subset: 'green' }).apply('c')).toBe('green');
    }
    expect((await caught(direct(trust, { nodeId: B.nodeId, subset: 'red' }).apply('c'))).code).toBe(
      MeshCode.NO_INSTANCE,
    );
    expect((await caught(direct(trust, { nodeId: 'LX9' }).apply('d'))).code).toBe(MeshCode.NOT_IN_NETWORK);
  });

  it('reach partners from an application that is no node, whatever it provides itself', async () => {
    const provider = trustProvider();
    const second = await startNodeWith(provider, B);
    const own = trustProvider();
    const partners = [{ ...B, address: second.address }];
    const { app } = await startApp({ ...own.parts, facades: [Trust], options: { ...A, partners } });
    const client = app.get(MeshClient);
    expect(await client.call(SERVICE, { text: 'here' })).toBe('applied here');
    expect(await client.call(SERVICE, { text: 'there' }, { nodeId: B.nodeId })).toBe('applied there');
    expect([own.contexts.length, provider.contexts.length]).toEqual([1, 1]);
  });
});
