import { MeshClient } from 'nestjs-mesh';
import { describe, expect, it } from 'vitest';
import { caught } from '../../support/caught.js';
import { startConsumer, type TestApp } from '../../support/mesh-app.js';
import { A, B, C, deadAddress, startNode } from '../../support/nodes.js';
import { startSides, TOKEN } from '../../support/operator.js';

const toB = { node_id: B.nodeId, inst_id: B.instId, address: 'b:7304' };
const everything = ['*', 'sessions', 'nodes', 'builtins', 'administration'];

/** Calls a node as an application at an address of it does. */
async function callerAt(address: string, mode: 'auto' | 'stream' = 'auto'): Promise<MeshClient['call']> {
  const { app } = await startConsumer(address, { options: { grpc: { mode } } });
  return callerIn(app);
}

function callerIn(app: TestApp['app']): MeshClient['call'] {
  const client = app.get(MeshClient);
  return (service, args, options) => client.call(service, args, options);
}

describe('the services of the network', () => {
  it('enter, show, switch and drop routes', async () => {
    const { inner } = await startSides(A);
    const call = await callerAt(inner);
    expect(await call('mesh.net.refresh', { routes: [{ ...toB, auth_code: 'secret-code-0123' }] })).toBeNull();
    expect(await call('mesh.net.edges', {})).toMatchObject([{ ...toB, status: 6, auth_code: '' }]);
    expect(await call('mesh.net.edge', { node_id: B.nodeId })).toMatchObject(toB);
    expect(await call('mesh.net.edge', { nodeId: B.instId })).toMatchObject(toB);
    expect(await call('mesh.net.edge', { node_id: C.nodeId })).toBeNull();
    expect(await call('mesh.net.disable', { node_id: B.nodeId })).toBeNull();
    expect(await call('mesh.net.edge', { node_id: B.nodeId })).toMatchObject({ status: 38 });
    expect(await call('mesh.net.enable', { node_id: B.nodeId })).toBeNull();
    expect(await call('mesh.net.edge', { node_id: B.nodeId })).toMatchObject({ status: 6 });
    expect(await caught(call('mesh.net.disable', { node_id: C.nodeId }))).toMatchObject({ code: 'E0000000618' });
    await call('mesh.net.refresh', { routes: [{ node_id: B.nodeId, status: 64 }] });
    expect(await call('mesh.net.edges', {})).toEqual([]);
  });

  it('keep domains, by kind', async () => {
    const { inner } = await startSides(A);
    const call = await callerAt(inner);
    const domains = [{ node_id: B.nodeId, address: 'b:1', urn: 'b.trustbe.cn', host_key: 'secret', status: 0 }];
    expect(await call('mesh.net.resolve', { domains })).toBeNull();
    expect(await call('mesh.net.domains', {})).toEqual([{ node_id: B.nodeId, address: 'b:1', urn: 'b.trustbe.cn' }]);
    await call('mesh.net.resolve', { kind: 'manu', domains: [{ name: 'm' }] });
    expect(await call('mesh.net.domains', { kind: 'manu' })).toEqual([{ name: 'm' }]);
    expect(await call('mesh.net.domains', {})).toHaveLength(2);
    await call('mesh.net.resolve', { domains: [] });
    expect(await call('mesh.net.domains', { kind: 'auto' })).toEqual([]);
    for (const wrong of [undefined, 'x', [1], [{ name: 'x'.repeat(2_000) }]]) {
      expect(await caught(call('mesh.net.resolve', { domains: wrong }))).toMatchObject({ code: 'E0000000400' });
    }
  });

  it('say whether a node answers', async () => {
    const { inner, outer } = await startSides(A);
    const b = await startNode(B);
    const [call, stranger] = [await callerAt(inner), await callerAt(outer)];
    const accessible = (at: MeshClient['call'], route: unknown) => at('mesh.net.accessible', { route });
    for (const own of [undefined, null, {}, { node_id: A.nodeId, address: '' }, { inst_id: A.instId }]) {
      expect(await accessible(stranger, own)).toBe(true);
    }
    const there = { node_id: B.nodeId, address: b.address };
    expect(await accessible(call, there)).toBe(true);
    expect(await accessible(call, { node_id: C.nodeId, address: await deadAddress() })).toBe(false);
    expect(await caught(accessible(stranger, there))).toMatchObject({ code: 'E0000000618' });
    await call('mesh.net.refresh', { routes: [there, { node_id: C.nodeId, address: await deadAddress() }] });
    expect(await accessible(stranger, { node_id: B.nodeId })).toBe(true);
    expect(await accessible(stranger, { ...there, node_id: C.nodeId })).toBe(false);
    await call('mesh.net.disable', { node_id: B.nodeId });
    expect(await caught(accessible(stranger, { node_id: B.nodeId }))).toMatchObject({ code: 'E0000000606' });
  });

  it('are called by the application that is the node', async () => {
    const { node } = await startSides(A, { node: { administration: { token: TOKEN } } });
    const call = callerIn(node.app);
    await call('mesh.net.refresh', { routes: [toB] });
    expect(await call('mesh.net.edges', {})).toMatchObject([toB]);
  });

  it('are none of an application that is no node', async () => {
    const call = await callerAt((await startNode(A)).address);
    for (const service of ['mesh.net.edges', 'mesh.net.weave', 'mesh.net.accessible']) {
      expect(await caught(call(service, {}))).toMatchObject({ code: 'E0000000617' });
    }
  });
});

const forOperators: readonly (readonly [service: string, args: Record<string, unknown>])[] = [
  ['mesh.net.refresh', { routes: [toB] }],
  ['mesh.net.edge', { node_id: B.nodeId }],
  ['mesh.net.edges', {}],
  ['mesh.net.domains', {}],
  ['mesh.net.resolve', { domains: [] }],
  ['mesh.net.weave', { route: toB }],
  ['mesh.net.ack', { route: toB }],
  ['mesh.net.disable', { node_id: B.nodeId }],
  ['mesh.net.enable', { node_id: B.nodeId }],
];
const ofRegistry: readonly (readonly [service: string, args: Record<string, unknown>])[] = [
  ['mesh.registry.put', { registration: { instance_id: 'x:1', address: 'x:1' } }],
  ['mesh.registry.export', {}],
];

describe('who may call them', () => {
  it('is nobody at the outer side, where it is not asked for', async () => {
    const call = await callerAt((await startSides(A)).outer);
    for (const [service, args] of [...forOperators, ...ofRegistry]) {
      expect(await caught(call(service, args, { attachments: { 'x-ptp-token': TOKEN } }))).toMatchObject({
        code: 'E0000000617',
      });
    }
    expect(await call('mesh.net.environ', {})).toMatchObject({ node_id: A.nodeId });
  });

  it.each([
    ['as metadata', { 'x-ptp-token': TOKEN }],
    ['beside the arguments', { authorization: `Bearer ${TOKEN}` }],
  ])('is who shows the token %s, where it is served outside', async (_, attachments) => {
    const { inner, outer } = await startSides(A, {
      node: { administration: { token: TOKEN } },
      serves: everything,
    });
    const [call, within] = [await callerAt(outer, 'stream'), await callerAt(inner)];
    for (const [service, args] of [...forOperators, ...ofRegistry]) {
      const refused = await caught(call(service, args));
      expect(refused).toMatchObject({ code: 'E0000000403' });
      expect(refused.message).not.toContain(TOKEN);
      const wrong = { 'x-ptp-token': `${TOKEN}x` };
      expect(await caught(call(service, args, { attachments: wrong }))).toMatchObject({ code: 'E0000000403' });
    }
    expect(await call('mesh.net.refresh', { routes: [toB] }, { attachments })).toBeNull();
    expect(await call('mesh.net.edges', {}, { attachments })).toHaveLength(1);
    expect(await call('mesh.registry.export', {}, { attachments })).toEqual([]);
    expect(await call('mesh.net.environ', {})).toMatchObject({ node_id: A.nodeId });
    expect(await call('mesh.net.accessible', {})).toBe(true);
    expect(await caught(within('mesh.net.edges', {}))).toMatchObject({ code: 'E0000000403' });
    expect(await within('mesh.registry.export', {})).toEqual([]);
  });
});
