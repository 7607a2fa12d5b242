import { MeshSessions } from 'nestjs-mesh';
import { describe, expect, it } from 'vitest';
import { Grpcurl } from '../../support/grpcurl.js';
import { startApp } from '../../support/mesh-app.js';

const TRANSPORT = 'org.ppc.ptp.PrivateTransferTransport';
const SESSION = { 'x-ptp-session-id': 's' };
const payload = Buffer.from('hello').toString('base64');

/** Who knows nothing but the address of a node finds out by reflection what there is, and calls it. */
describe('with a tool such as grpcurl', () => {
  it('one lists services and methods', async () => {
    const tool = new Grpcurl((await startApp({ options: { node: {} } })).address);
    expect(await tool.list()).toContain(TRANSPORT);
    expect(await tool.methods(TRANSPORT)).toEqual(
      ['peek', 'pop', 'push', 'release'].map((name) => `${TRANSPORT}.${name}`),
    );
    expect(await tool.methods('org.ppc.ptp.PrivateTransferProtocol')).toHaveLength(2);
  });

  it('one pushes and pops', async () => {
    const { app, address } = await startApp({ options: { node: {} } });
    const tool = new Grpcurl(address);

    expect(await tool.call(`${TRANSPORT}/push`, { topic: 't', payload }, SESSION)).toMatchObject({
      code: 'E0000000000',
    });
    const session = app.get(MeshSessions).open('s');
    expect(String(await session.pop({ topic: 't' }))).toBe('hello');
    await session.push(Buffer.from('hello'), { topic: 'back' });
    const popped = await tool.call(`${TRANSPORT}/pop`, { topic: 'back', timeout: 1_000 }, SESSION);
    expect(popped).toMatchObject({ code: 'E0000000000', payload });
  });

  it('one is told in the answer what is wrong with a call', async () => {
    const tool = new Grpcurl((await startApp({ options: { node: {} } })).address);
    expect(await tool.call(`${TRANSPORT}/push`, { topic: 't', payload })).toMatchObject({ code: 'E0000000400' });
  });

  it('one asks for the health of a node', async () => {
    const tool = new Grpcurl((await startApp({ options: { node: {} } })).address);
    expect(await tool.call('grpc.health.v1.Health/Check', { service: '' })).toEqual({ status: 'SERVING' });
    expect(await tool.call('grpc.health.v1.Health/Check', { service: TRANSPORT })).toEqual({ status: 'SERVING' });
    const unknown = tool.call('grpc.health.v1.Health/Check', { service: 'nobody' });
    await expect(unknown).rejects.toMatchObject({ code: 5 });
  });
});
