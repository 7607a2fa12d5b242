import {
  Client,
  credentials,
  Metadata,
  type MetadataValue,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually, settled } from '../../support/eventually.js';
import { deadAddress } from '../../support/nodes.js';
import { registerPaths, sharedPathNode } from '../../support/path-instances.js';

const same = (bytes: Buffer): Buffer => bytes;
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/acme.Orders/${name}`,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

/** What the service has seen of its calls. */
interface Seen {
  deadlines: number[];
  cancelled: number;
  metadata: Metadata[];
  received: number;
}

/** A service of gRPC of somebody else: grpc-js, and nothing of the project. */
async function startOrders(): Promise<{ readonly address: string; readonly seen: Seen; readonly server: Server }> {
  const seen: Seen = { deadlines: [], cancelled: 0, metadata: [], received: 0 };
  const server = new Server();
  const note = (call: {
    metadata: Metadata;
    getDeadline(): Date | number;
    on(event: 'cancelled', tell: () => void): unknown;
  }) => {
    seen.metadata.push(call.metadata);
    seen.deadlines.push(Number(call.getDeadline()));
    call.on('cancelled', () => seen.cancelled++);
  };
  server.addService(
    {
      One: method('One', false, false),
      Fail: method('Fail', false, false),
      Wait: method('Wait', false, false),
      Up: method('Up', true, false),
      Down: method('Down', false, true),
      Both: method('Both', true, true),
      Stuck: method('Stuck', true, true),
    },
    {
      One: (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
        note(call);
        const first = new Metadata();
        first.set('x-first', '1');
        first.set('x-first-bin', Buffer.of(0, 255));
        call.sendMetadata(first);
        const last = new Metadata();
        last.set('x-last', '2');
        answer(null, Buffer.concat([Buffer.from('one '), call.request]), last);
      },
      Fail: (_: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
        const metadata = new Metadata();
        metadata.set('grpc-status-details-bin', Buffer.from([8, 9, 18, 2, 111, 104]));
        metadata.set('x-reason', 'sold out');
        answer({ code: status.FAILED_PRECONDITION, details: 'nicht vorrätig', metadata });
      },
      Wait: (call: ServerUnaryCall<Buffer, Buffer>) => note(call),
      Up: (call: ServerReadableStream<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
        const parts: Buffer[] = [];
        call.on('data', (part: Buffer) => parts.push(part));
        call.on('end', () => answer(null, Buffer.concat(parts)));
      },
      Down: (call: ServerWritableStream<Buffer, Buffer>) => {
        for (let i = 0; i < 3; i++) call.write(Buffer.from(`${i}`));
        if (String(call.request) === 'end') call.end();
      },
      Both: (call: ServerDuplexStream<Buffer, Buffer>) => {
        note(call);
        call.on('data', (part: Buffer) => ((seen.received += part.length), call.write(part)));
        call.on('end', () => call.end());
      },
      Stuck: (call: ServerDuplexStream<Buffer, Buffer>) => note(call),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return { address: `127.0.0.1:${port}`, seen, server };
}

async function startBoth() {
  const [node, orders] = [shared(), await startOrders()];
  await registerPaths(node, orders.address, ['/acme.Orders/*']);
  return { node, orders, client: clientOf(node.address) };
}

function clientOf(address: string): Client {
  const client = new Client(address, credentials.createInsecure());
  onTestFinished(() => client.close());
  return client;
}

/** How a unary call went, as its caller sees it. */
interface Outcome {
  readonly answer?: string | undefined;
  readonly error?: Pick<ServiceError, 'code' | 'details'>;
  readonly first: Record<string, MetadataValue>;
  readonly last: Record<string, MetadataValue>;
}

function unary(
  client: Client,
  name: string,
  options: { timeoutMs?: number; metadata?: Metadata } = {},
): Promise<Outcome> {
  const { timeoutMs, metadata = new Metadata() } = options;
  return new Promise((resolve) => {
    let first = {};
    let outcome: Pick<Outcome, 'answer' | 'error'> = {};
    const deadline = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
    const path = `/acme.Orders/${name}`;
    const call = client.makeUnaryRequest(path, same, same, Buffer.from('x'), metadata, deadline, (error, answer) => {
      outcome = error ? { error: { code: error.code, details: error.details } } : { answer: String(answer) };
    });
    call.on('metadata', (got) => (first = got.getMap()));
    call.on('status', (got) => setImmediate(() => resolve({ ...outcome, first, last: got.metadata.getMap() })));
  });
}

const shared = sharedPathNode();

describe('a gRPC service of somebody else, through the node', () => {
  it('answers as it does without the node: messages, metadata, trailers', async () => {
    const { orders, client } = await startBoth();
    const metadata = new Metadata();
    metadata.set('x-order', '7');
    metadata.set('x-raw-bin', Buffer.of(1, 2, 255));
    const [through, direct] = [
      await unary(client, 'One', { metadata }),
      await unary(clientOf(orders.address), 'One', { metadata }),
    ];
    expect(through.answer).toBe('one x');
    expect([through.first['x-first'], through.first['x-first-bin'], through.last['x-last']]).toEqual([
      '1',
      Buffer.of(0, 255),
      '2',
    ]);
    expect({ ...through, first: { ...through.first, date: direct.first['date'] } }).toEqual(direct);
    const [seen] = orders.seen.metadata;
    expect([seen!.get('x-order'), seen!.get('x-raw-bin'), seen!.get('x-forwarded-for')]).toEqual([
      ['7'],
      [Buffer.of(1, 2, 255)],
      ['127.0.0.1'],
    ]);
  });

  it('fails as it does without the node, with its details', async () => {
    const { orders, client } = await startBoth();
    const through = await unary(client, 'Fail');
    expect(through.error).toEqual({ code: status.FAILED_PRECONDITION, details: 'nicht vorrätig' });
    expect(through.last['grpc-status-details-bin']).toEqual(Buffer.from([8, 9, 18, 2, 111, 104]));
    expect(through.last['x-reason']).toBe('sold out');
    expect(through.error).toEqual((await unary(clientOf(orders.address), 'Fail')).error);
    expect((await unary(client, 'Nothing')).error).toMatchObject({ code: status.UNIMPLEMENTED });
  });

  it('streams up, down and both ways', async () => {
    const { client } = await startBoth();
    const up = await new Promise<string>((resolve, reject) => {
      const call = client.makeClientStreamRequest('/acme.Orders/Up', same, same, (error, answer) =>
        error ? reject(error) : resolve(String(answer)),
      );
      for (const part of ['a', 'b', 'c']) call.write(Buffer.from(part));
      call.end();
    });
    expect(up).toBe('abc');
    const down: string[] = [];
    const stream = client.makeServerStreamRequest('/acme.Orders/Down', same, same, Buffer.from('end'));
    for await (const part of stream) down.push(String(part));
    expect(down).toEqual(['0', '1', '2']);
    const both = client.makeBidiStreamRequest('/acme.Orders/Both', same, same);
    const parts = both[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    for (const part of ['one', 'two', 'x'.repeat(300_000)]) {
      both.write(Buffer.from(part));
      expect(String((await parts.next()).value)).toBe(part);
    }
    both.end();
    expect((await parts.next()).done).toBe(true);
  });

  it('learns of deadlines and cancels', async () => {
    const { orders, client, node } = await startBoth();
    const began = Date.now();
    expect((await unary(client, 'Wait', { timeoutMs: 1_000 })).error).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    expect(orders.seen.deadlines[0]! - began).toBeLessThan(8_000);
    await eventually('it is cancelled', () => orders.seen.cancelled === 1);
    const call = client.makeBidiStreamRequest('/acme.Orders/Both', same, same);
    call.on('error', () => undefined).resume();
    call.write(Buffer.from('x'));
    await eventually('it is there', () => orders.seen.received === 1);
    call.cancel();
    await eventually('it is cancelled, too', () => orders.seen.cancelled === 2);
    expect(node.address).toMatch(/^127/);
  });

  it('is UNAVAILABLE when its instance dies, or none is there', async () => {
    const { node, orders, client } = await startBoth();
    const stream = client.makeServerStreamRequest('/acme.Orders/Down', same, same, Buffer.from('stay'));
    const parts: string[] = [];
    const ended = new Promise<ServiceError>((resolve) => stream.on('error', (error) => resolve(error as ServiceError)));
    stream.on('data', (part: Buffer) => parts.push(String(part)));
    await eventually('all is there', () => parts.length === 3);
    orders.server.forceShutdown();
    expect(await ended).toMatchObject({ code: status.UNAVAILABLE });
    await registerPaths(node, await deadAddress(), ['/acme.Gone/*']);
    const gone = await new Promise<ServiceError | null>((resolve) => {
      client.makeUnaryRequest('/acme.Gone/One', same, same, Buffer.from(''), resolve);
    });
    expect(gone).toMatchObject({ code: status.UNAVAILABLE, details: expect.stringMatching(/no instance/) as string });
  });

  it('is passed over where it cannot be reached, as long as another instance can', async () => {
    const { node, client } = await startBoth();
    await registerPaths(node, await deadAddress(), ['/acme.Orders/*']);
    for (let i = 0; i < 6; i++) expect((await unary(client, 'One')).answer).toBe('one x');
  });

  it('holds up who sends more than it takes', async () => {
    const { orders, client } = await startBoth();
    const call = client.makeBidiStreamRequest('/acme.Orders/Stuck', same, same).on('error', () => undefined);
    let sent = 0;
    void (async () => {
      const chunk = Buffer.alloc(65_536);
      while (!call.destroyed) {
        sent += chunk.length;
        if (!call.write(chunk)) await new Promise((resolve) => call.once('drain', resolve));
      }
    })();
    expect(await settled(() => sent)).toBeLessThan(48 * 1024 * 1024);
    expect(orders.seen.metadata).toHaveLength(1);
    call.cancel();
  });
});
