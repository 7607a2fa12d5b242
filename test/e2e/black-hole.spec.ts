import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { direct, MeshCode, MeshFacade, MeshSessions, Mpi, type PartnerOptions } from 'nestjs-mesh';
import { type Connection, MeshExtension, TRANSPORT } from 'nestjs-mesh/spi';
import { GrpcTransport } from '../../lib/transport/grpc/grpc-transport.js';
import { type BlackHole, openBlackHole } from '../support/black-hole.js';
import { caught } from '../support/caught.js';
import { startConsumer } from '../support/mesh-app.js';
import { A, askGrpc, bytesOf, openAt, pushBytes, silentAddress, startNode, startStub } from '../support/nodes.js';

let hole: BlackHole;
beforeAll(async () => void (hole = await openBlackHole()));
afterAll(() => hole.close());

type Route = Omit<PartnerOptions, 'address'>;

/** Partners that are reached in all the ways there are. Their tests take time, and so take it together. */
const overGrpc: Route = { nodeId: 'LX0000010000020' };
const overHttp: Route = { nodeId: 'LX0000010000030', transport: 'http' };
const overStream: Route = { nodeId: 'LX0000010000040', via: 'transport' };
const routes = [overGrpc, overHttp, overStream];

/** A push over gRPC without the id of a message, as other implementations make it. */
function pushWithoutId(address: string, targetNodeId: string, timeoutMs: number): ReturnType<typeof askGrpc> {
  const path = '/org.ppc.ptp.PrivateTransferTransport/push';
  const headers = { 'x-ptp-session-id': 's', 'x-ptp-target-node-id': targetNodeId };
  return askGrpc(address, { path, headers, body: pushBytes('x') }, timeoutMs);
}

describe('a partner that drops attempts to connect', () => {
  it('is unreachable, which a caller is told before its deadline', async () => {
    const a = await startNode(A, ...routes.map((route) => ({ ...route, address: hole.address })));
    const answers = await Promise.all(routes.map(({ nodeId }) => pushWithoutId(a.address, nodeId, 3_000)));
    for (const [index, { code, message }] of answers.entries()) {
      expect(code).toBe(MeshCode.UNREACHABLE);
      const said = `the node '${routes[index]?.nodeId}' cannot be reached: no connection to ${hole.address}`;
      expect(message).toContain(said);
    }
  });

  it('is unreachable for a session, within the time of its route', async () => {
    const a = await startNode(A, ...routes.map((route) => ({ ...route, address: hole.address, timeoutMs: 50 })));
    const pushes = routes.map(({ nodeId }) => caught(openAt(a, { targetNodeId: nodeId }).push(bytesOf('x'))));
    const unreachable = { code: MeshCode.UNREACHABLE, neverSent: true };
    for (const error of await Promise.all(pushes)) expect(error).toMatchObject(unreachable);
  });

  it('is reached at its next address, before the deadline of the caller', async () => {
    const stubs = [await startStub(), await startStub(), await startStub()];
    const partners = routes.map((route, index) => ({ ...route, address: [hole.address, stubs[index]?.address ?? ''] }));
    const a = await startNode(A, ...partners);
    const answers = await Promise.all(routes.map(({ nodeId }) => pushWithoutId(a.address, nodeId, 3_000)));
    expect(answers.map(({ code }) => code)).toEqual(routes.map(() => MeshCode.SUCCESS));
    expect(stubs.map(({ seen }) => seen.length)).toEqual([1, 1, 1]);
  });
});

describe('a partner that takes connections and says nothing', () => {
  it('has been sent nothing over gRPC, so that its next address is tried', async () => {
    const [silent, stub] = [await silentAddress(), await startStub()];
    const address = [silent, stub.address];
    const a = await startNode(A, { ...overGrpc, address }, { ...overStream, address });
    const pushes = [overGrpc, overStream].map(({ nodeId }) => pushWithoutId(a.address, nodeId, 3_000));
    expect((await Promise.all(pushes)).map(({ code }) => code)).toEqual([MeshCode.SUCCESS, MeshCode.SUCCESS]);
    expect(stub.seen).toHaveLength(2);
  });
});

@MeshFacade()
class Unheard {
  @Mpi('mesh.unheard.say') say!: () => Promise<void>;
}

it('a service of a partner that drops attempts to connect is unreachable, which a caller is told before its deadline', async () => {
  const partners = [overGrpc, overHttp].map((route) => ({ ...route, address: hole.address }));
  const a = await startNode({ ...A, node: {} }, ...partners);
  const consumer = await startConsumer(a.address, { facades: [Unheard], options: { timeoutMs: 3_000 } });
  const calls = partners.map(({ nodeId }) => caught(direct(consumer.client(Unheard), { nodeId }).say()));
  for (const error of await Promise.all(calls)) {
    expect(error.code).toBe(MeshCode.UNREACHABLE);
    expect(error.message).toContain(`no connection to ${hole.address}`);
  }
});

/** Looks at no clock, so that it is always the caller who gives up. */
@MeshExtension(TRANSPORT, 'patient')
class PatientTransport extends GrpcTransport {
  override dial(address: string): Connection {
    const connection = super.dial(address);
    const call = connection.call.bind(connection);
    connection.call = (one) => call({ ...one, deadline: Infinity });
    return connection;
  }
}

it('a call that is given up for want of time says what the time was spent on', async () => {
  const options = { use: { transport: 'patient' }, timeoutMs: 250 };
  const consumer = await startConsumer(hole.address, { facades: [Unheard], providers: [PatientTransport], options });
  const error = await caught(consumer.client(Unheard).say());
  expect(error).toMatchObject({ code: MeshCode.TIMEOUT, neverSent: true });
  expect(error.message).toContain(`still connecting to ${hole.address}`);
});

describe.each(['grpc', 'http', 'tcp'])('over %s, what drops attempts to connect', (transport) => {
  it('makes a call late, which says that it was still connecting', async () => {
    const consumer = await startConsumer(hole.address, {
      facades: [Unheard],
      options: { use: { transport }, timeoutMs: 250 },
    });
    const error = await caught(consumer.client(Unheard).say());
    expect(error).toMatchObject({ code: MeshCode.TIMEOUT, neverSent: true });
    expect(error.message).toContain(`still connecting to ${hole.address}`);
  });

  it('is where nobody answers, after the time for connecting', async () => {
    const options = { use: { transport }, retry: { retries: 0 }, [transport]: { connectTimeoutMs: 20 } };
    const consumer = await startConsumer(hole.address, { facades: [Unheard], options });
    const error = await caught(consumer.client(Unheard).say());
    expect(error).toMatchObject({ code: MeshCode.ADDRESS_UNREACHABLE, neverSent: true });
  });
});

it('a session at a node that drops attempts to connect is told that nobody is there', async () => {
  const { app } = await startConsumer(hole.address, { options: { grpc: { connectTimeoutMs: 20 } } });
  for (const via of ['session', 'transport'] as const) {
    const session = app
      .get(MeshSessions)
      .open('s', { node: { address: hole.address }, ...(via === 'transport' && { via }) });
    expect((await caught(session.peek())).code).toBe(MeshCode.ADDRESS_UNREACHABLE);
  }
});
