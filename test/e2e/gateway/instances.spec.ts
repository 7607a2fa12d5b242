import { describe, expect, it } from 'vitest';
import { MeshCode, MeshRegistrations, MeshServer } from 'nestjs-mesh';
import { eventually } from '../../support/eventually.js';
import {
  register,
  said,
  SERVICE,
  startNode,
  startNodeWith,
  trustProvider,
  urnOf,
} from '../../support/gateway-fixtures.js';
import { http1Caller } from '../../support/http-callers.js';
import { A, bytesOf, deadAddress, silentAddress, startStub } from '../../support/nodes.js';
import { RawCaller } from '../../support/raw-caller.js';
import { serviceOf } from '../../support/registration-fixtures.js';

/** Bytes that are no JSON, nor any text. */
const ODD = Uint8Array.of(0x7b, 0xff, 0x00, 0xfe, 0x22);
const headers = { 'mesh-urn': urnOf() };

describe('a node in front of registered instances', () => {
  it('hands the bytes of calls and answers on as they are', async () => {
    const instance = await startStub(({ body }) => ({ body: Buffer.concat([body, ODD]) }));
    const node = await startNode(A);
    await register(node, instance.address);
    const caller = new RawCaller(node.address);
    expect([...(await caller.call({ headers, body: ODD }))]).toEqual([...ODD, ...ODD]);
    const row = await caller.row([ODD, 'a', 'b', ''], { headers });
    expect(row.map((answer) => answer.subarray(0, -ODD.length).toString('latin1'))).toEqual([
      Buffer.from(ODD).toString('latin1'),
      'a',
      'b',
      '',
    ]);
    const answer = await http1Caller(node.address)('/mesh/invoke', headers, ODD);
    expect(answer).toEqual({ status: 200, contentType: 'application/json', body: Buffer.from([...ODD, ...ODD]) });
    expect(instance.seen.every(({ wire, path }) => wire === 'grpc' && path === '/mesh-rpc/v1')).toBe(true);
  });

  it('calls an instance over HTTP that is registered so', async () => {
    const instance = await startStub(({ path }) =>
      path === '/mesh/invoke'
        ? { status: 207, contentType: 'text/odd', body: ODD, headers: { 'mesh-gray': 'g', 'x-other': 'o' } }
        : { body: bytesOf('not asked') },
    );
    const node = await startNode(A);
    const services = [serviceOf({ urn: urnOf(), proto: 'http' })];
    await register(node, instance.address, { services });
    const response = await fetch(`http://${node.address}/mesh/invoke`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/odd', cookie: 'c' },
      body: ODD,
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([207, 'text/odd']);
    expect([response.headers.get('mesh-gray'), response.headers.get('x-other')]).toEqual(['g', null]);
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([...ODD]);
    expect(instance.seen[0]).toMatchObject({ wire: 'http', contentType: 'application/odd' });
    expect(instance.seen[0]!.headers).not.toHaveProperty('cookie');
    expect([...(await new RawCaller(node.address).call({ headers, body: ODD }))]).toEqual([...ODD]);
  });

  it('finds the URN in the body where no header says it', async () => {
    const instance = await startStub(() => ({ body: bytesOf('found') }));
    const node = await startNode(A);
    await register(node, instance.address);
    const caller = new RawCaller(node.address);
    const body = JSON.stringify({ text: 'x', attachments: { 'mesh-urn': urnOf() } });
    expect((await caller.call({ body })).toString()).toBe('found');
    expect(instance.seen[0]!.headers['mesh-urn']).toBe(urnOf());
    // What a header says goes first, and then the body is not looked at.
    const other = JSON.stringify({ attachments: { 'mesh-urn': urnOf('mesh.no.body') } });
    expect((await caller.call({ headers, body: other })).toString()).toBe('found');
    const long = JSON.stringify({ attachments: { 'mesh-urn': urnOf() }, text: 'x'.repeat(1_048_577) });
    expect(said(await caller.call({ body: long })).code).toBe(MeshCode.NO_SERVICE);
  });

  it('takes instances in turn, by subset, or the very one that the URN asks for', async () => {
    const [blue, green] = await Promise.all(
      ['blue', 'green'].map((name) => startStub(() => ({ body: bytesOf(name) }))),
    );
    const node = await startNode(A);
    await register(node, blue!.address, { attachments: { 'mesh-subset': 'blue' } });
    await register(node, green!.address, { attachments: { 'mesh-subset': 'green' } });
    const caller = new RawCaller(node.address);
    const call = async (more: Readonly<Record<string, string>>): Promise<string> =>
      (await caller.call({ headers: { ...headers, ...more } })).toString();
    expect([await call({}), await call({})].toSorted()).toEqual(['blue', 'green']);
    expect(await call({ 'mesh-subset': 'green' })).toBe('green');
    expect(await call({ 'mesh-subset': 'green' })).toBe('green');
    expect(JSON.parse(await call({ 'mesh-subset': 'red' }))).toMatchObject({ code: MeshCode.NO_INSTANCE });
    const [address, port] = blue!.address.split(':') as [string, string];
    const very = { 'mesh-urn': urnOf(SERVICE, A.nodeId, { address, port: Number(port) }) };
    expect([await call(very), await call(very)]).toEqual(['blue', 'blue']);
  });

  it('connects to no address that nobody has registered', async () => {
    const stranger = await startStub(() => ({ body: bytesOf('never') }));
    const instance = await startStub(() => ({ body: bytesOf('registered') }));
    const node = await startNode(A);
    await register(node, instance.address);
    const [address, port] = stranger.address.split(':') as [string, string];
    const urn = urnOf(SERVICE, A.nodeId, { address, port: Number(port) });
    const answer = said(await new RawCaller(node.address).call({ headers: { 'mesh-urn': urn } }));
    expect(answer).toMatchObject({
      code: MeshCode.NO_INSTANCE,
      message: expect.stringContaining(stranger.address) as string,
    });
    const proxy = { ...headers, 'mesh-outgoing-proxy': stranger.address };
    expect((await new RawCaller(node.address).call({ headers: proxy })).toString()).toBe('registered');
    expect(stranger.seen).toEqual([]);
  });

  it('passes over instances that refuse the connection', async () => {
    const instance = await startStub(() => ({ body: bytesOf('alive') }));
    const node = await startNode(A);
    for (const address of [await deadAddress(), instance.address, await deadAddress()]) await register(node, address);
    const caller = new RawCaller(node.address);
    for (let n = 0; n < 4; n++) expect((await caller.call({ headers })).toString()).toBe('alive');
    await node.app.get(MeshRegistrations).remove({ instanceId: instance.address });
    const { code, message } = said(await caller.call({ headers }));
    expect(code).toBe(MeshCode.NO_INSTANCE);
    expect(message).toMatch(/none takes the call: no connection to 127\.0\.0\.1:\d+.*; no connection to/);
  });

  it('tells of a service whose instances have left, and of one that nobody knows', async () => {
    const instance = await startStub();
    const node = await startNode(A);
    await register(node, instance.address);
    await node.app.get(MeshRegistrations).remove({ instanceId: instance.address });
    const caller = new RawCaller(node.address);
    expect(said(await caller.call({ headers })).code).toBe(MeshCode.NO_INSTANCE);
    const unknown = { 'mesh-urn': urnOf('mesh.no.body') };
    const answer = { code: MeshCode.NO_SERVICE, message: "nobody here provides 'mesh.no.body'" };
    expect(said(await caller.call({ headers: unknown }))).toMatchObject(answer);
    const overHttp = await http1Caller(node.address)('/mesh/invoke', unknown, '{}');
    expect(overHttp).toMatchObject({ status: 200, contentType: 'application/json' });
    expect(said(overHttp.body)).toMatchObject(answer);
  });

  it('answers what an instance says below the envelope as an envelope', async () => {
    const instance = await startStub(() => Promise.reject(new TypeError('broken')));
    const node = await startNode(A);
    await register(node, instance.address);
    expect(said(await new RawCaller(node.address).call({ headers }))).toMatchObject({
      code: MeshCode.SYSTEM_ERROR,
      message: expect.stringContaining('broken') as string,
    });
  });

  it('is not there where a listener does not serve the service', async () => {
    const instance = await startStub(() => ({ body: bytesOf('reached') }));
    const node = await startNode({
      ...A,
      listen: [
        { host: '127.0.0.1', port: 0, side: 'inner' },
        { host: '127.0.0.1', port: 0, side: 'outer', serves: ['mesh.other.*', 'builtins'] },
      ],
    });
    await register(node, instance.address);
    const [inner, outer] = node.app.get(MeshServer).addresses as [string, string];
    expect((await new RawCaller(inner).call({ headers })).toString()).toBe('reached');
    const caller = new RawCaller(outer);
    const nobody = { code: MeshCode.NO_SERVICE, message: `nobody here provides '${SERVICE}'` };
    expect(said(await caller.call({ headers }))).toMatchObject(nobody);
    expect(said(await caller.call({ headers: { 'mesh-urn': urnOf(SERVICE, 'LX9') } }))).toMatchObject(nobody);
    const body = JSON.stringify({ attachments: headers });
    expect(said(await caller.call({ body }))).toMatchObject(nobody);
    expect(instance.seen).toHaveLength(1);
  });
});

describe('a call through a node', () => {
  it('has the trace, the attachments and the caller that it came with', async () => {
    const provider = trustProvider();
    const node = await startNodeWith(provider, A);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const answer = await new RawCaller(node.address).call({
      headers: {
        ...headers,
        'x-ptp-trace-id': '7f000001123456',
        'mesh-span-id': '0.1.3',
        'x-ptp-source-node-id': 'LX9',
        'x-ptp-token': 'secret',
        traceparent,
      },
      body: JSON.stringify({ text: 'x', attachments: { customer: 'ada' } }),
    });
    expect(said(answer)).toMatchObject({ code: MeshCode.SUCCESS, content: 'applied x' });
    const [context] = provider.contexts;
    expect(context).toMatchObject({ traceId: '7f000001123456', spanId: '0.1.3', token: 'secret', traceparent });
    expect(context!.source.nodeId).toBe('LX9');
    expect(context!.attachments['customer']).toBe('ada');
  });

  it('ends at its deadline, here and at the provider', async () => {
    const provider = trustProvider();
    const node = await startNodeWith(provider, A);
    const waiting = { ...headers, 'mesh-urn': urnOf('mesh.trust.wait'), 'x-ptp-timeout': '1000' };
    const before = Date.now();
    const answer = await http1Caller(node.address)('/mesh/invoke', waiting, '{}');
    expect(said(answer.body).code).toBe(MeshCode.TIMEOUT);
    expect(Date.now() - before).toBeLessThan(8_000);
    await eventually('the provider is told', () => provider.events.length === 2);
    expect(provider.contexts[0]!.deadline).toBeLessThanOrEqual(before + 5_000);
  });

  it('is cancelled at the provider when its caller cancels or goes away', async () => {
    const provider = trustProvider();
    const node = await startNodeWith(provider, A);
    const waiting = { 'mesh-urn': urnOf('mesh.trust.wait') };
    const caller = new AbortController();
    const call = new RawCaller(node.address).call({ headers: waiting, signal: caller.signal });
    await eventually('the provider is called', () => provider.events.length === 1);
    caller.abort();
    await expect(call).rejects.toThrow('CANCELLED');
    await eventually('the provider is told', () => provider.events.length === 2);
    const leaving = new AbortController();
    const request = fetch(`http://${node.address}/mesh/invoke`, {
      method: 'POST',
      headers: waiting,
      body: '{}',
      signal: leaving.signal,
    });
    await eventually('the provider is called', () => provider.events.length === 3);
    leaving.abort();
    await expect(request).rejects.toThrow();
    await eventually('the provider is told', () => provider.events.length === 4);
    expect(provider.events).toEqual(['begun', MeshCode.CANCELLED, 'begun', MeshCode.CANCELLED]);
  });

  it('waits for no instance longer than it may, while others are served', async () => {
    const instance = await startStub(() => ({ body: bytesOf('served') }));
    const node = await startNode(A);
    await register(node, await silentAddress(), {}, ['mesh.trust.silent']);
    await register(node, instance.address);
    const caller = new RawCaller(node.address);
    const silent = { 'mesh-urn': urnOf('mesh.trust.silent'), 'x-ptp-timeout': '1000' };
    const lost = Array.from({ length: 20 }, () => caller.call({ headers: silent }));
    expect((await caller.call({ headers, timeoutMs: 9_000 })).toString()).toBe('served');
    for (const answer of await Promise.all(lost)) expect(said(answer).code).toBe(MeshCode.TIMEOUT);
  });
});
