import { Server, ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js';
import { MeshCode, MeshRegistrations } from 'nestjs-mesh';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TcpTransport } from '../../../lib/transport/tcp/tcp-transport.js';
import type { CallAnswer, InboundCall } from '../../../lib/transport/transport.js';
import { register, startNode, Trust, urnOf } from '../../support/gateway-fixtures.js';
import { startConsumer, type TestApp } from '../../support/mesh-app.js';
import { A, bytesOf, startStub, type Stub } from '../../support/nodes.js';
import { openPacked, packedAnswer, packedBody, packedFailure } from '../../support/packed-calls.js';
import { serviceOf } from '../../support/registration-fixtures.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

const path = '/mesh-rpc/v1';
const headers = Object.freeze({
  'mesh-urn': urnOf(),
  'mesh-form': 'packed',
  'x-ptp-source-node-id': 'LX0000010000099',
});
const head = Object.freeze({ path, headers });
const body = packedBody({ text: 'x' }, { traceId: 'C1', spanId: '0.4', attachments: { 'x-mine': 'a' } });

/** Calls a node over TCP, packed, with one head for all calls. */
async function packedCaller({ address }: TestApp): Promise<() => Promise<Uint8Array>> {
  const connection = new TcpTransport(transportOptions()).dial(address);
  onTestFinished(() => connection.destroy());
  // Whether the node understands packed calls is known once it has greeted.
  await connection.call(outbound({ path }));
  return () => connection.call({ ...outbound({ path, headers, body }), packed: head });
}

function isPacked({ headers: came }: InboundCall): boolean {
  return came['mesh-form'] === 'packed';
}

/** An instance that says its name, in the form in which it is asked. */
function startInstance(name: string): Promise<Stub> {
  const standard = bytesOf(JSON.stringify({ code: MeshCode.SUCCESS, content: name }));
  return startStub((call): CallAnswer => ({ body: isPacked(call) ? packedAnswer(name) : standard }));
}

function registerTcp(node: TestApp, { address }: Stub): Promise<void> {
  return register(node, address, { services: [serviceOf({ urn: urnOf(), proto: 'tcp' })] });
}

/** An instance of another make: unary calls in the form of the standard, by grpc-js. */
async function startForeign(): Promise<{ readonly address: string; readonly seen: ServerUnaryCall<Buffer, Buffer>[] }> {
  const seen: ServerUnaryCall<Buffer, Buffer>[] = [];
  const server = new Server();
  const asItIs = (bytes: Buffer): Buffer => bytes;
  server.register<Buffer, Buffer>(
    path,
    (call: ServerUnaryCall<Buffer, Buffer>, answer: (error: null, value: Buffer) => void) => {
      seen.push(call);
      answer(null, Buffer.from(JSON.stringify({ code: MeshCode.SUCCESS, content: 'foreign' })));
    },
    asItIs,
    asItIs,
    'unary',
  );
  onTestFinished(() => server.forceShutdown());
  const port = await new Promise<number>((resolve, reject) => {
    const bound = (error: Error | null, at: number): void => (error ? reject(error) : resolve(at));
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), bound);
  });
  return { address: `127.0.0.1:${port}`, seen };
}

describe('a packed call that comes to a node over TCP', () => {
  it('goes on over TCP as it came, with one head for all calls', async () => {
    const node = await startNode(A);
    const instance = await startInstance('by tcp');
    await registerTcp(node, instance);
    const call = await packedCaller(node);
    for (let time = 0; time < 4; time++) expect(openPacked(await call())).toBe('by tcp');
    // Only over TCP may an answer have a tail.
    expect(instance.seen.map(({ takesTails }) => takesTails)).toEqual([true, true, true, true]);
    const packed = instance.seen.filter(isPacked);
    // The first one waits for the greeting, before which nobody knows what the instance understands.
    expect(packed).toHaveLength(3);
    expect(new Set(packed.map((one) => one.headers)).size).toBe(1);
    expect(packed[0]!.headers).toMatchObject({ 'mesh-nodes-passed': A.nodeId, 'mesh-urn': urnOf() });
    expect([...packed[0]!.body]).toEqual([...body]);
  });

  it('reaches an instance of another make, which knows unary calls in the form of the standard', async () => {
    const node = await startNode(A);
    const foreign = await startForeign();
    await register(node, foreign.address);
    const call = await packedCaller(node);
    const answers = await Promise.all([call(), call(), call()]);
    expect(answers.map(openPacked)).toEqual(['foreign', 'foreign', 'foreign']);
    for (const { metadata, request } of foreign.seen) {
      expect([metadata.get('mesh-form'), metadata.get('mesh-urn')]).toEqual([[], [urnOf()]]);
      expect(JSON.parse(request.toString())).toMatchObject({
        text: 'x',
        attachments: { 'x-mine': 'a', 'x-ptp-trace-id': 'C1', 'mesh-span-id': '0.4' },
      });
    }
  });

  it('is made by applications without their saying so', async () => {
    const node = await startNode(A);
    const instance = await startInstance('by tcp');
    await registerTcp(node, instance);
    const parts = { facades: [Trust], options: { use: { transport: 'tcp' } } };
    const trust = (await startConsumer(node.address, parts)).client(Trust);
    for (let time = 0; time < 3; time++) expect(await trust.apply('x')).toBe('by tcp');
    expect(isPacked(instance.seen.at(-1)!)).toBe(true);
  });

  it('goes where the service is registered at that moment', async () => {
    const node = await startNode(A);
    const call = await packedCaller(node);
    expect(packedFailure(await call()).code).toBe(MeshCode.NO_SERVICE);
    const [one, other] = [await startInstance('one'), await startInstance('other')];
    await registerTcp(node, one);
    expect([openPacked(await call()), openPacked(await call())]).toEqual(['one', 'one']);
    await registerTcp(node, other);
    const both = [openPacked(await call()), openPacked(await call())];
    expect(both.toSorted()).toEqual(['one', 'other']);
    const registrations = node.app.get(MeshRegistrations);
    await registrations.remove({ instanceId: one.address });
    expect([openPacked(await call()), openPacked(await call())]).toEqual(['other', 'other']);
    await registrations.remove({ instanceId: other.address });
    expect(packedFailure(await call()).code).toBe(MeshCode.NO_INSTANCE);
  });
});
