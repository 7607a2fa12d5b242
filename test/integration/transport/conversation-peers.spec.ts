import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { MeshCode, type MeshSession, MeshSessions } from 'nestjs-mesh';
import { firstValueFrom, map, take, toArray } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decodePtp } from '../../../lib/protocol/ptp/protobuf-reader.js';
import { encodePtp } from '../../../lib/protocol/ptp/protobuf-writer.js';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import { startApp } from '../../support/mesh-app.js';

interface Inbound {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly payload?: Uint8Array;
}

interface Outbound {
  readonly metadata: Readonly<Record<string, string>>;
  readonly payload: Buffer;
  readonly code: string;
  readonly message: string;
}

const packages = loadSync(fileURLToPath(new URL('../../support/ptp.proto', import.meta.url)), { defaults: true });
const service = packages['org.ppc.ptp.PrivateTransferProtocol'] as grpc.ServiceDefinition;

/** A client of grpc-js with a conversation, and what it was answered. */
class ForeignClient {
  readonly answers: Outbound[] = [];
  ended: 'no' | 'yes' | grpc.ServiceError = 'no';
  private readonly call: grpc.ClientDuplexStream<Inbound, Outbound>;

  constructor(address: string, head: Readonly<Record<string, string>> = {}) {
    const Client = grpc.makeClientConstructor(service, 'PrivateTransferProtocol');
    const client = new Client(address, grpc.credentials.createInsecure());
    const metadata = new grpc.Metadata();
    for (const [name, value] of Object.entries(head)) metadata.set(name, value);
    const { path, requestSerialize, responseDeserialize } = service['transport']!;
    this.call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
    this.call.on('data', (answer: Outbound) => this.answers.push(answer));
    this.call.on('end', () => (this.ended = 'yes')).on('error', (error: grpc.ServiceError) => (this.ended = error));
    onTestFinished(() => {
      this.call.cancel();
      client.close();
    });
  }

  send(uri: string, payload: Uint8Array, metadata: Readonly<Record<string, string>> = {}): void {
    this.call.write({ metadata: { 'x-ptp-uri': uri, 'x-ptp-session-id': 's', ...metadata }, payload });
  }

  push(text: string): void {
    const payload = encodePtp('PushInbound', { topic: 't', payload: Buffer.from(text), metadata: {} });
    this.send('grpcs://ptp.cn/org.ppc.ptp.PrivateTransferTransport/push', payload);
  }

  pop(metadata: Readonly<Record<string, string>> = {}, timeout = 1_000): void {
    const payload = encodePtp('PopInbound', { topic: 't', timeout });
    this.send('https://ptp.cn/v1/interconn/chan/pop', payload, metadata);
  }

  end(): void {
    this.call.end();
  }

  async answered(count: number): Promise<readonly Outbound[]> {
    await eventually(`${count} answers`, () => this.answers.length >= count);
    return this.answers.splice(0, count);
  }
}

/** A server of grpc-js that serves conversations and knows nothing of acknowledgements. */
async function startForeignNode(options: { readonly transport: boolean }) {
  const queue: Buffer[] = [];
  const seen: Inbound[] = [];
  const server = new grpc.Server();
  const transport = (call: grpc.ServerDuplexStream<Inbound, Partial<Outbound>>): void => {
    call.on('data', (inbound: Required<Inbound>) => {
      seen.push(inbound);
      const uri = inbound.metadata['x-ptp-uri'] ?? '';
      if (uri.endsWith('/push')) queue.push(Buffer.from(decodePtp('PushInbound', inbound.payload).payload));
      const payload = uri.endsWith('/pop') ? queue.shift() : undefined;
      call.write({ code: MeshCode.SUCCESS, message: 'success', ...(payload && { payload }) });
    });
    call.on('end', () => call.end()).on('error', () => undefined);
  };
  server.addService(service, options.transport ? { transport } : {});
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  onTestFinished(() => server.forceShutdown());
  return { address: `127.0.0.1:${port}`, queue, seen };
}

async function startNode(): Promise<{ address: string; session: MeshSession }> {
  const { app, address } = await startApp({});
  return { address, session: app.get(MeshSessions).open('s') };
}

describe('a client of grpc-js', () => {
  it('converses with our node: pushes, pops, and ends', async () => {
    const { address } = await startNode();
    const client = new ForeignClient(address);
    for (const text of ['a', 'b', '节点4']) client.push(text);
    for (let i = 0; i < 3; i++) client.pop();
    const answers = await client.answered(6);
    expect(answers.map(({ code }) => code)).toEqual(Array(6).fill(MeshCode.SUCCESS));
    expect(answers.map(({ payload }) => payload.toString())).toEqual(['', '', '', 'a', 'b', '节点4']);
    expect(answers.at(-1)?.metadata).toEqual({});
    client.end();
    await eventually('the stream has ended', () => client.ended === 'yes');
  });

  it('may say in the head of the stream what all its messages have in common', async () => {
    const { address, session } = await startNode();
    const client = new ForeignClient(address, { 'x-ptp-session-id': 's', 'x-ptp-tecn-provider-code': 'LX' });
    client.send(
      '/v1/interconn/chan/push',
      encodePtp('PushInbound', { topic: 't', payload: Buffer.from('x'), metadata: {} }),
      { 'x-ptp-session-id': '' },
    );
    expect((await client.answered(1))[0]?.code).toBe(MeshCode.SUCCESS);
    expect(Buffer.from((await session.pop({ topic: 't' })) ?? []).toString()).toBe('x');
  });

  it('may acknowledge; what it does not goes back when it dies', async () => {
    const { address, session } = await startNode();
    for (const text of ['a', 'b', 'c']) await session.push(Buffer.from(text), { topic: 't' });
    const client = new ForeignClient(address);
    for (let i = 0; i < 3; i++) client.pop({ 'mesh-acknowledge': '1' });
    const answers = await client.answered(3);
    expect(answers.map(({ metadata }) => metadata['mesh-delivery'])).toEqual(['1', '2', '3']);
    client.send('/org.ppc.ptp.PrivateTransferTransport/acknowledge', Buffer.alloc(0), { 'mesh-acknowledged': '1' });
    await client.answered(1);
    client.end();
    await eventually('the stream has ended', () => client.ended === 'yes');
    expect(Buffer.from((await session.pop({ topic: 't' })) ?? []).toString()).toBe('b');
  });

  it('is told what is wrong with a message, and goes on', async () => {
    const { address } = await startNode();
    const client = new ForeignClient(address);
    client.send('/v1/interconn/chan/nothing', Buffer.alloc(0));
    client.send('/v1/interconn/chan/push', Buffer.from([0x12, 0x7f]));
    client.push('well');
    const codes = (await client.answered(3)).map(({ code }) => code);
    expect(codes).toEqual([MeshCode.NOT_FOUND, MeshCode.ENCODING, MeshCode.SUCCESS]);
  });
});

describe('a node of grpc-js', () => {
  it('is pushed to, popped from and subscribed to by conversations', async () => {
    const node = await startForeignNode({ transport: true });
    const { app } = await startApp({});
    const session = app.get(MeshSessions).open('s', { node: { address: node.address, via: 'transport' } });
    for (const text of ['a', 'b', 'c', 'd']) await session.push(Buffer.from(text), { topic: 't' });
    expect(node.seen[0]?.metadata).toMatchObject({
      'x-ptp-uri': '/org.ppc.ptp.PrivateTransferTransport/push',
      'x-ptp-session-id': 's',
    });
    expect(Buffer.from((await session.pop({ topic: 't' })) ?? []).toString()).toBe('a');
    const seen = await firstValueFrom(
      session.messages({ topic: 't', prefetch: 1 }).pipe(
        map(({ payload }) => Buffer.from(payload).toString()),
        take(3),
        toArray(),
      ),
    );
    expect(seen).toEqual(['b', 'c', 'd']);
  });

  it('that does not let a pop wait is not asked without a pause', async () => {
    const node = await startForeignNode({ transport: true });
    const { app } = await startApp({});
    const session = app.get(MeshSessions).open('s', { node: { address: node.address, via: 'transport' } });
    const subscription = session.messages({ topic: 't', prefetch: 2 }).subscribe();
    await eventually('it is asked again', () => node.seen.length > 1);
    const before = node.seen.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(node.seen.length - before).toBeLessThan(20);
    subscription.unsubscribe();
  });

  it('that serves no conversations says so', async () => {
    const node = await startForeignNode({ transport: false });
    const { app } = await startApp({});
    const session = app.get(MeshSessions).open('s', { node: { address: node.address, via: 'transport' } });
    expect((await caught(session.push(Buffer.from('x')))).code).toBe(MeshCode.NO_SERVICE);
    expect((await caught(session.pop())).code).toBe(MeshCode.NO_SERVICE);
    expect((await caught(firstValueFrom(session.messages()))).code).toBe(MeshCode.NO_SERVICE);
  });
});
