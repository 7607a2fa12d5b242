import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { GrpcTransport } from '../../../lib/transport/grpc/grpc-transport.js';
import type { CallAnswer, DuplexStream, InboundStream, Listener } from '../../../lib/transport/transport.js';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import { transportOptions } from '../../support/transport-fixtures.js';

/** gRPC's own number for gzip in grpc-js. */
const GZIP = 2;

const asIs = (bytes: Buffer): Buffer => bytes;

describe('streams of the listener, opened by grpc-js', () => {
  let listener: Listener;
  let client: grpc.Client;
  let seen: InboundStream[];
  let settled: boolean[];
  let gates: (() => void)[];

  beforeEach(async () => {
    [seen, settled, gates] = [[], [], []];
    const settling = (body: Uint8Array): CallAnswer => ({ body, settle: (delivered) => void settled.push(delivered) });
    const echo = async (stream: InboundStream): Promise<void> => {
      seen.push(stream);
      for await (const message of stream.messages) {
        const text = Buffer.from(message).toString();
        if (text === 'deny') throw new MeshError(MeshCode.FORBIDDEN, 'not you');
        await stream.send(Buffer.from(text));
      }
    };
    listener = await new GrpcTransport(transportOptions()).listen({ host: '127.0.0.1', port: 0 }, (path) => {
      if (path === '/stream') return { stream: echo };
      if (path === '/call') return async (call) => settling(call.body);
      return async (call) => {
        await new Promise<void>((resolve) => gates.push(resolve));
        return settling(call.body);
      };
    });
    const options = { 'grpc.max_receive_message_length': -1 };
    client = new grpc.Client(listener.address, grpc.credentials.createInsecure(), options);
  });

  afterEach(() => {
    client.close();
    listener.destroy();
  });

  function bidi(path = '/stream', options: grpc.CallOptions = {}) {
    const call = client.makeBidiStreamRequest(path, asIs, asIs, new grpc.Metadata(), options);
    const answers: string[] = [];
    call.on('data', (answer: Buffer) => answers.push(answer.toString())).on('error', () => undefined);
    const status = new Promise<grpc.StatusObject>((resolve) => call.on('status', resolve));
    return { call, answers, status };
  }

  it('carry messages both ways, end with a status, and serve a unary call as a stream of one', async () => {
    const { call, answers, status } = bidi();
    for (const text of ['one', 'two', 'three']) call.write(Buffer.from(text));
    call.end();
    expect(await status).toMatchObject({ code: grpc.status.OK });
    expect(answers).toEqual(['one', 'two', 'three']);
    const answer = await new Promise((resolve) => {
      client.makeUnaryRequest('/stream', asIs, asIs, Buffer.from('only'), (_, said) => resolve(String(said)));
    });
    expect(answer).toBe('only');
    expect(listener.pending).toBe(0);
  });

  it('unpack compressed messages, in order', async () => {
    const client2 = new grpc.Client(listener.address, grpc.credentials.createInsecure(), {
      'grpc.default_compression_algorithm': GZIP,
    });
    const call = client2.makeBidiStreamRequest('/stream', asIs, asIs);
    const answers: string[] = [];
    call.on('data', (answer: Buffer) => answers.push(answer.toString()));
    const texts = Array.from({ length: 50 }, (_, i) => `${i} ${'x'.repeat(i % 7 === 0 ? 5_000 : 3)}`);
    for (const text of texts) call.write(Buffer.from(text));
    call.end();
    await new Promise((resolve) => call.on('status', resolve));
    client2.close();
    expect(answers).toEqual(texts);
  });

  it('end with the error of the handler, although the caller goes on', async () => {
    const { call, answers, status } = bidi();
    for (const text of ['one', 'deny', 'two']) call.write(Buffer.from(text));
    expect(await status).toMatchObject({ code: grpc.status.PERMISSION_DENIED, details: 'not you' });
    expect(answers).toEqual(['one']);
    await eventually('nothing is pending', () => listener.pending === 0);
  });

  it('end at the deadline of their caller, for the handler too', async () => {
    const { call, status } = bidi('/stream', { deadline: Date.now() + 1_500 });
    call.write(Buffer.from('one'));
    expect((await status).code).toBe(grpc.status.DEADLINE_EXCEEDED);
    await eventually('the handler is told', () => seen[0]?.cancellation.reason !== undefined);
    await eventually('nothing is pending', () => listener.pending === 0);
  });

  it('end for the handler when the caller goes away', async () => {
    const { call } = bidi();
    call.write(Buffer.from('one'));
    await eventually('it has arrived', () => seen.length === 1);
    client.close();
    call.cancel();
    await eventually('nothing is pending', () => listener.pending === 0);
  });

  it('are refused a message over the limit', async () => {
    const { call, status } = bidi();
    call.write(Buffer.alloc(2 * 1024 * 1024 + 1));
    expect((await status).code).toBe(grpc.status.RESOURCE_EXHAUSTED);
    expect(listener.pending).toBe(0);
  });

  it('say what became of each answer of a row of calls', async () => {
    const { call, answers, status } = bidi('/call');
    call.write(Buffer.from('one'));
    await eventually('it is settled', () => settled.length === 1);
    call.write(Buffer.from('two'));
    call.end();
    await status;
    await eventually('both are settled', () => settled.length === 2);
    expect([answers, settled]).toEqual([
      ['one', 'two'],
      [true, true],
    ]);
    const left = bidi('/gated');
    for (const text of ['one', 'two', 'three']) left.call.write(Buffer.from(text));
    await eventually('they have arrived', () => gates.length === 3);
    gates[1]?.();
    left.call.cancel();
    await eventually('nothing is pending', () => listener.pending === 0);
    for (const open of gates) open();
    await eventually('all are settled', () => settled.length === 5);
    expect(settled.slice(2)).toEqual([false, false, false]);
  });
});

describe('streams of the client, served by grpc-js', () => {
  let server: grpc.Server;
  let address: string;

  beforeEach(async () => {
    server = new grpc.Server();
    const echo: grpc.handleBidiStreamingCall<Buffer, Buffer> = (call) => {
      call.on('data', (message: Buffer) => {
        if (message.toString() === 'deny') call.emit('error', { code: grpc.status.NOT_FOUND, details: 'nothing' });
        else call.write(message);
      });
      call.on('end', () => call.end()).on('error', () => undefined);
    };
    const codec = {
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    };
    const definition = { path: '/a.B/echo', requestStream: true, responseStream: true, ...codec } as const;
    server.addService({ echo: definition }, { echo });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    address = `127.0.0.1:${port}`;
  });

  afterEach(() => server.forceShutdown());

  async function withStream(use: (stream: DuplexStream) => Promise<void>): Promise<void> {
    const connection = new GrpcTransport(transportOptions()).dial(address);
    await use(connection.open({ path: '/a.B/echo', headers: {}, cancellation: new Cancellation() }));
    expect(connection.pending).toBe(0);
    connection.destroy();
  }

  it('carry messages both ways', () =>
    withStream(async (stream) => {
      for (let i = 0; i < 100; i++) await stream.send(Buffer.from(`${i}`));
      stream.end();
      const answers: string[] = [];
      for await (const message of stream.messages) answers.push(Buffer.from(message).toString());
      expect(answers).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
    }));

  it('keep the process alive while they are open', () =>
    withStream(async (stream) => {
      const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
      const open = timers();
      stream.cancel(new MeshError(MeshCode.CANCELLED));
      expect(timers()).toBe(open - 1);
    }));

  it('end with the status of the server', () =>
    withStream(async (stream) => {
      await stream.send(Buffer.from('deny'));
      const reading = (async () => {
        for await (const message of stream.messages) expect(message).toBeUndefined();
      })();
      expect((await caught(reading)).code).toBe(MeshCode.NOT_FOUND);
    }));
});
