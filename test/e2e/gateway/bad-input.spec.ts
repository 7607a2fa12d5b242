import { connect } from 'node:http2';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MeshClient, MeshCode } from 'nestjs-mesh';
import { eventually } from '../../support/eventually.js';
import { register, said, SERVICE, startNode, urnOf } from '../../support/gateway-fixtures.js';
import { http1Caller, http2Caller } from '../../support/http-callers.js';
import { A, B, bytesOf, startStub } from '../../support/nodes.js';
import { RawCaller } from '../../support/raw-caller.js';

const headers = { 'mesh-urn': urnOf() };

/** A message as gRPC frames it. */
function framed(body: string): Buffer {
  const frame = Buffer.alloc(5 + body.length);
  frame.writeUInt32BE(body.length, 1);
  frame.write(body, 5);
  return frame;
}

describe('a node that hands calls on', () => {
  it('takes no more of a caller who does not read the answers, and serves others', async () => {
    const instance = await startStub(() => ({ body: Buffer.alloc(262_144) }));
    const node = await startNode(A);
    await register(node, instance.address);
    const session = connect(`http://${node.address}`);
    onTestFinished(() => session.destroy());
    const stream = session.request({
      ':method': 'POST',
      ':path': '/mesh-rpc/v1',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    stream.on('error', () => undefined);
    // Nobody takes what comes: 65 535 bytes of it arrive, and no more.
    stream.pause();
    for (let n = 0; n < 500; n++) stream.write(framed('x'));
    await eventually('the node stops', () => instance.seen.length > 0 && stream.writableLength === 0);
    for (let n = 0; n < 5; n++) {
      expect(await new RawCaller(node.address).call({ headers })).toHaveLength(262_144);
    }
    expect(instance.seen.length).toBeLessThan(100);
  });

  it('refuses headers that are too long, and goes on', async () => {
    const instance = await startStub(() => ({ body: bytesOf('served') }));
    const node = await startNode(A);
    await register(node, instance.address);
    const post = http1Caller(node.address);
    const long = await post('/mesh/invoke', { ...headers, 'mesh-gray': 'g'.repeat(65_536) }, '{}');
    expect(long.status).toBe(431);
    const caller = new RawCaller(node.address);
    const overGrpc = said(await caller.call({ headers: { ...headers, 'mesh-gray': 'g'.repeat(32_768) } }));
    expect(overGrpc).toMatchObject({
      code: MeshCode.INVALID_REQUEST,
      message: expect.stringContaining('mesh-gray') as string,
    });
    expect(instance.seen).toEqual([]);
    expect((await caller.call({ headers })).toString()).toBe('served');
  });

  it.each(['/mesh/invoke/../invoke', '/mesh%2finvoke', '/mesh/invoke/', '//mesh/invoke', '/mesh/./invoke'])(
    'serves nothing at %s',
    async (path) => {
      const instance = await startStub();
      const node = await startNode(A);
      await register(node, instance.address);
      expect((await http2Caller(node.address)(path, headers, '{}')).status).toBe(404);
      expect(instance.seen).toEqual([]);
    },
  );

  it('is called by POST over HTTP', async () => {
    const instance = await startStub();
    const node = await startNode(A);
    await register(node, instance.address);
    const response = await fetch(`http://${node.address}/mesh/invoke`, { headers });
    expect(await response.json()).toMatchObject({ code: MeshCode.NOT_PERMITTED });
    expect(instance.seen).toEqual([]);
  });

  it('counts what it handed on', async () => {
    const instance = await startStub();
    const node = await startNode({ ...A, partners: [{ ...B, address: '127.0.0.1:9' }] });
    await register(node, instance.address);
    const caller = new RawCaller(node.address);
    await caller.call({ headers });
    expect(said(await caller.call({ headers: { 'mesh-urn': urnOf(SERVICE, B.nodeId) } })).code).toBe(
      MeshCode.UNREACHABLE,
    );
    const stats = await node.app.get(MeshClient).call('test.builtin.stats', { features: ['forwarded'] });
    expect(stats).toMatchObject({
      'forwarded.instances.served': '1',
      [`forwarded.partners.${B.nodeId}.failed`]: '1',
      [`forwarded.partners.${B.nodeId}.underWay`]: '0',
    });
  });
});
