import { NestFactory } from '@nestjs/core';
import {
  getMeshRegistrationsToken,
  getMeshServerToken,
  MeshClient,
  meshMicroservice,
  MeshModule,
  type MeshOptions,
  MeshRegistrations,
  type MeshServer,
  type RegistrationChange,
} from 'nestjs-mesh';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { WireRegistration } from '../../../lib/registry/write-registration.js';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import { fetchOnce } from '../../support/fetch-once.js';
import { startApp, startConsumer, type TestApp } from '../../support/mesh-app.js';

const URN = 'apply.trust.mesh.0001000000000000000000000000000000000.lx0000000000000.trustbe.cn';
const REGISTER = '/v1/interconn/registry/register';

const app = {
  instance_id: '10.0.0.7:7304',
  name: 'trust',
  kind: 'metadata',
  address: '10.0.0.7:7304',
  timestamp: 30_000,
  content: { services: [{ urn: URN, proto: 'grpc', codec: 'json', kind: 'MPS', lang: 'Go' }], references: [] },
};

/** A node that applications register with. */
function startNode(options: MeshOptions = {}): Promise<TestApp> {
  return startApp({ options: { node: {}, listen: { host: '127.0.0.1', port: 0, side: 'inner' }, ...options } });
}

/** Calls the services of a node from another process. */
async function callerOf(address: string): Promise<MeshClient['call']> {
  const { app } = await startConsumer(address, {});
  const client = app.get(MeshClient);
  return (service, args, options) => client.call(service, args, options);
}

async function post(address: string, body: unknown, method = 'POST'): Promise<{ code: string; message: string }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetchOnce(`http://${address}${REGISTER}`, {
    method,
    ...(method === 'POST' && { body: text }),
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('application/json');
  return (await response.json()) as { code: string; message: string };
}

describe('the registry of a node', () => {
  it('takes registrations by RPC, and shows them', async () => {
    const call = await callerOf((await startNode()).address);
    const other = { ...app, instance_id: 'x', kind: 'complex', content: { services: [{ urn: '/a/*' }] } };
    expect(await call('mesh.registry.put', { registration: app })).toBeNull();
    expect(await call('mesh.registry.puts', { registrations: [app, other] })).toBeNull();

    const all = await call<WireRegistration[]>('mesh.registry.export', {});
    expect(all.map(({ kind }) => kind).toSorted()).toEqual(['complex', 'metadata']);
    expect(await call('mesh.registry.export', { kind: 'metadata' })).toMatchObject([app]);
    expect(await call('mesh.registry.services', { service: 'mesh.trust.apply' })).toMatchObject([app]);
    expect(await call('mesh.registry.services', { service: 'mesh.trust.verify' })).toEqual([]);

    expect(await call('mesh.registry.remove', { registration: { ...app, content: {} } })).toBeNull();
    expect(await call('mesh.registry.export', { kind: 'metadata' })).toEqual([]);
    expect(await call('mesh.registry.remove', { registration: app })).toBeNull();
  });

  it('takes registrations over HTTP: one, or several', async () => {
    const { address, app: node } = await startNode();
    const registrations = node.get(MeshRegistrations);
    expect(await post(address, app)).toMatchObject({ code: 'E0000000000', content: null });
    expect(await post(address, [app, { ...app, instance_id: 'b:2' }])).toMatchObject({ code: 'E0000000000' });
    expect(
      await post(address, { registrations: [{ ...app, instanceId: 'c:3', instance_id: undefined }] }),
    ).toMatchObject({ code: 'E0000000000' });
    expect((await registrations.export()).map(({ instanceId }) => instanceId)).toEqual(['10.0.0.7:7304', 'b:2', 'c:3']);
    expect(registrations.providers('mesh.trust.apply')).toHaveLength(3);
  });

  it.each(['msgpack', 'yaml'])('takes registrations in JSON over HTTP, where RPC is written in %s', async (codec) => {
    const { address, app: node } = await startNode({ use: { codec } });
    expect(await post(address, app)).toMatchObject({ code: 'E0000000000' });
    expect(await post(address, 'none')).toMatchObject({ code: 'E0000000616' });
    expect(await node.get(MeshRegistrations).export()).toHaveLength(1);
  });

  it.each<readonly [what: string, body: unknown, code: string, message: RegExp]>([
    ['no JSON', 'none', 'E0000000616', /./],
    ['nothing', '', 'E0000000616', /./],
    ['a text', '"x"', 'E0000000400', /registration must be an object, got "x"/],
    ['no instance', {}, 'E0000000400', /registration\.instance_id must be/],
    ['a wrong one among several', [app, { ...app, kind: 'x' }], 'E0000000400', /registrations\[1\]\.kind must be/],
    ['a negative lifetime', { ...app, timestamp: -1 }, 'E0000000400', /timestamp must be/],
    ['a date', { ...app, timestamp: 1_795_375_730_049 }, 'E0000000400', /it is no date/],
    ['a mebibyte', { ...app, attachments: { a: 'x'.repeat(1 << 20) } }, 'E0000000400', /attachments\.a must be/],
    [
      'a mebibyte of services',
      {
        ...app,
        content: { services: Array.from({ length: 2_000 }, (_, i) => ({ urn: URN, name: `${i}${'x'.repeat(500)}` })) },
      },
      'E0000000413',
      /takes \d+ characters/,
    ],
  ])('refuses %s, and goes on', async (_, body, code, message) => {
    const { address, app: node } = await startNode();
    const answer = await post(address, body);
    expect(answer).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(await post(address, app)).toMatchObject({ code: 'E0000000000' });
    expect(await node.get(MeshRegistrations).export()).toHaveLength(1);
  });

  it('registers nobody by GET', async () => {
    const { address } = await startNode();
    expect(await post(address, '', 'GET')).toMatchObject({ code: 'E0000000614' });
  });

  it('says what is missing in a call', async () => {
    const call = await callerOf((await startNode()).address);
    expect(await caught(call('mesh.registry.put', {}))).toMatchObject({
      code: 'E0000000400',
      message: 'registration must be an object, got none',
    });
    expect(await caught(call('mesh.registry.puts', { registrations: {} }))).toMatchObject({ code: 'E0000000400' });
    expect(await caught(call('mesh.registry.export', { kind: 'x' }))).toMatchObject({ code: 'E0000000400' });
  });

  it('holds as many registrations as the options say', async () => {
    const { address } = await startNode({ node: { registry: { maxRegistrations: 1 } } });
    expect(await post(address, app)).toMatchObject({ code: 'E0000000000' });
    expect(await post(address, { ...app, instance_id: 'b:2' })).toMatchObject({ code: 'E0000000700' });
    expect(await post(address, app)).toMatchObject({ code: 'E0000000000' });
  });

  it('drops what is not renewed, and tells watchers', async () => {
    const { address, app: node } = await startNode();
    const changes: RegistrationChange[] = [];
    node.get(MeshRegistrations).watch((change) => changes.push(change));
    await post(address, { ...app, timestamp: 50 });
    await eventually('it is gone', () => changes.length === 2);
    expect(changes.map(({ type }) => type)).toEqual(['added', 'removed']);
    expect(await node.get(MeshRegistrations).export()).toEqual([]);
  });

  it('is called by the application of the node, unless the options choose another registry', async () => {
    const call = async (options: MeshOptions): Promise<string> => {
      const { address, app: node } = await startNode({ retry: { retries: 0 }, ...options });
      // Nothing listens there: that it was tried is enough.
      await post(address, { ...app, address: '127.0.0.1:1' });
      return (await caught(node.get(MeshClient).call('mesh.trust.apply', {}))).code;
    };
    expect(await call({})).toBe('E0000000619');
    expect(await call({ use: { registry: 'static' } })).toBe('E0000000602');
  });

  it('belongs to one mesh of an application', async () => {
    const listen = { host: '127.0.0.1', port: 0, side: 'inner' as const };
    const inner = MeshModule.forRoot({ mesh: 'inner', node: {}, listen });
    const outer = MeshModule.forRoot({ mesh: 'outer', listen });
    class TwoMeshes {}
    const twice = await NestFactory.create({ module: TwoMeshes, imports: [inner, outer] }, { logger: false });
    onTestFinished(() => twice.close());
    for (const mesh of ['inner', 'outer']) twice.connectMicroservice(meshMicroservice(mesh));
    await twice.startAllMicroservices();
    const [address = ''] = twice.get<MeshServer>(getMeshServerToken('inner')).addresses;
    await post(address, app);
    const held = async (mesh: string): Promise<number> =>
      (await twice.get<MeshRegistrations>(getMeshRegistrationsToken(mesh)).export()).length;
    expect([await held('inner'), await held('outer')]).toEqual([1, 0]);
  });

  it('is no concern of those outside', async () => {
    const { address } = await startNode({ listen: { host: '127.0.0.1', port: 0 } });
    const call = await callerOf(address);
    expect(await caught(call('mesh.registry.export', {}))).toMatchObject({ code: 'E0000000617' });
    expect((await fetchOnce(`http://${address}${REGISTER}`, { method: 'POST', body: '{}' })).status).toBe(404);
  });

  it('is not there in an application that is no node', async () => {
    const { address } = await startApp({ options: { listen: { host: '127.0.0.1', port: 0, side: 'inner' } } });
    const call = await callerOf(address);
    expect(await caught(call('mesh.registry.put', { registration: app }))).toMatchObject({ code: 'E0000000617' });
    expect((await fetchOnce(`http://${address}${REGISTER}`, { method: 'POST', body: '{}' })).status).toBe(404);
  });

  it('answers the application of the node itself', async () => {
    const { address, app: node } = await startNode();
    await post(address, app);
    expect(await node.get(MeshClient).call('mesh.registry.export', {})).toMatchObject([app]);
  });
});
