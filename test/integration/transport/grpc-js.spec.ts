import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { GrpcTransport } from '../../../lib/transport/grpc/grpc-transport.js';
import { type Connection, type InboundCall, type Listener, MESH_RPC_PATH } from '../../../lib/transport/transport.js';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

/** gRPC's own number for gzip in grpc-js. */
const GZIP = 2;

const asIs = (bytes: Buffer): Buffer => bytes;

describe('the listener, called by grpc-js', () => {
  let listener: Listener;
  let client: grpc.Client;
  let seen: InboundCall[];
  let gates: (() => void)[];

  beforeEach(async () => {
    seen = [];
    gates = [];
    const acceptor = (path: string) => (path === MESH_RPC_PATH ? handle : undefined);
    listener = await new GrpcTransport(transportOptions()).listen({ host: '127.0.0.1', port: 0 }, acceptor);
    client = new grpc.Client(listener.address, grpc.credentials.createInsecure());
  });

  afterEach(() => {
    client.close();
    listener.destroy();
  });

  /** Answers what it is told: `gate…` once let go, `…deny` with an error, `large` too much, anything else with itself. */
  async function handle(call: InboundCall): Promise<Uint8Array> {
    seen.push(call);
    const text = Buffer.from(call.body).toString();
    if (text.startsWith('gate')) await new Promise<void>((resolve) => gates.push(resolve));
    if (text.endsWith('deny')) throw new MeshError(MeshCode.FORBIDDEN, 'not you: 不行\n100%');
    return text === 'large' ? Buffer.alloc(2 * 1024 * 1024 + 1) : call.body;
  }

  function unary(
    text: string | Buffer,
    metadata = new grpc.Metadata(),
    options: grpc.CallOptions = {},
    path = MESH_RPC_PATH,
  ): Promise<string> {
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, asIs, asIs, Buffer.from(text), metadata, options, (error, answer) =>
        error ? reject(error) : resolve(String(answer)),
      );
    });
  }

  function bidi(): {
    call: grpc.ClientDuplexStream<Buffer, Buffer>;
    answers: string[];
    status: Promise<grpc.StatusObject>;
  } {
    const call = client.makeBidiStreamRequest(MESH_RPC_PATH, asIs, asIs);
    const answers: string[] = [];
    call.on('data', (answer: Buffer) => answers.push(answer.toString()));
    call.on('error', () => undefined);
    return { call, answers, status: new Promise((resolve) => call.on('status', resolve)) };
  }

  it('answers a unary call', async () => {
    const metadata = new grpc.Metadata();
    metadata.set('mesh-urn', 'a.b.c');
    metadata.set('blob-bin', Buffer.from([1, 2, 3]));
    expect(await unary('hello', metadata)).toBe('hello');
    expect(seen[0]?.headers['mesh-urn']).toBe('a.b.c');
    expect(seen[0]?.headers).not.toHaveProperty('blob-bin');
    expect(seen[0]?.deadline).toBe(Infinity);
    expect(seen[0]?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it('answers the messages of a stream in order, although it handles them at the same time', async () => {
    const { call, answers, status } = bidi();
    for (const text of ['gate 1', 'two', 'gate 3', 'four']) call.write(Buffer.from(text));
    await eventually('all four are handled', () => seen.length === 4);
    expect(answers).toEqual([]);
    gates[1]?.();
    gates[0]?.();
    await eventually('all four are answered', () => answers.length === 4);
    expect(answers).toEqual(['gate 1', 'two', 'gate 3', 'four']);
    call.end();
    expect((await status).code).toBe(grpc.status.OK);
  });

  it('handles a bounded number of messages of one stream at a time, and all of them in the end', async () => {
    const { call, answers, status } = bidi();
    for (let i = 0; i < 100; i++) call.write(Buffer.from(`gate ${i}`));
    call.end();
    await eventually('the first are handled', () => seen.length === 32);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(seen).toHaveLength(32);
    while (answers.length < 100) {
      for (const gate of gates.splice(0)) gate();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(answers).toEqual(Array.from({ length: 100 }, (_, i) => `gate ${i}`));
    expect((await status).code).toBe(grpc.status.OK);
    expect(listener.pending).toBe(0);
  });

  it('waits for a caller who does not read', async () => {
    const { call, answers, status } = bidi();
    call.pause();
    const big = Buffer.alloc(256 * 1024, 'x');
    for (let i = 0; i < 64; i++) call.write(big);
    call.end();
    await new Promise((resolve) => setTimeout(resolve, 100));
    // 16 MiB were sent: what is handled is bounded by the window and the messages at work, not by what the caller can send.
    expect(seen.length).toBeLessThan(64);
    call.resume();
    await status;
    expect(answers).toHaveLength(64);
  });

  it('ends a stream without messages well', async () => {
    const { call, status } = bidi();
    call.end();
    expect((await status).code).toBe(grpc.status.OK);
  });

  it('ends a stream with the error of a handler, after the answers before it', async () => {
    const { call, answers, status } = bidi();
    for (const text of ['one', 'gate and deny', 'gate 3']) call.write(Buffer.from(text));
    await eventually('all three are handled', () => seen.length === 3);
    gates[0]?.();
    const { code, details } = await status;
    expect({ code, details }).toEqual({ code: grpc.status.PERMISSION_DENIED, details: 'not you: 不行\n100%' });
    expect(answers).toEqual(['one']);
    await eventually('the third is cancelled', () => seen[2]?.cancellation.reason !== undefined);
    expect(listener.pending).toBe(0);
    expect(await unary('still here')).toBe('still here');
  });

  it('says what is wrong with a call, by gRPC status', async () => {
    await expect(unary('deny')).rejects.toMatchObject({ code: grpc.status.PERMISSION_DENIED });
    await expect(unary('x', undefined, {}, '/unknown')).rejects.toMatchObject({ code: grpc.status.UNIMPLEMENTED });
    await expect(unary('large')).rejects.toMatchObject({ code: grpc.status.RESOURCE_EXHAUSTED });
    await expect(unary(Buffer.alloc(2 * 1024 * 1024 + 1))).rejects.toMatchObject({
      code: grpc.status.RESOURCE_EXHAUSTED,
    });
    expect(await unary('still here')).toBe('still here');
  });

  it('is told of a deadline, and keeps to it', async () => {
    const begun = Date.now();
    await expect(unary('gate', undefined, { deadline: begun + 1_500 })).rejects.toMatchObject({
      code: grpc.status.DEADLINE_EXCEEDED,
    });
    expect(seen[0]?.deadline).toBeGreaterThan(begun);
    expect(seen[0]?.deadline).toBeLessThan(begun + 10_000);
    await eventually('the handler is told', () => seen[0]?.cancellation.reason !== undefined);
    expect(listener.pending).toBe(0);
  });

  it('tells the handlers when the caller cancels', async () => {
    const { call } = bidi();
    call.write(Buffer.from('gate 1'));
    call.write(Buffer.from('gate 2'));
    await eventually('both are handled', () => seen.length === 2);
    call.cancel();
    await eventually('both are told', () => seen.every(({ cancellation }) => cancellation.reason !== undefined));
    expect(seen.map(({ cancellation }) => cancellation.reason?.code)).toEqual([MeshCode.CANCELLED, MeshCode.CANCELLED]);
    expect(listener.pending).toBe(0);
  });

  it('reads messages that are compressed', async () => {
    const zipping = new grpc.Client(listener.address, grpc.credentials.createInsecure(), {
      'grpc.default_compression_algorithm': GZIP,
    });
    try {
      const text = 'hello '.repeat(1_000);
      const answer = await new Promise((resolve, reject) => {
        zipping.makeUnaryRequest(MESH_RPC_PATH, asIs, asIs, Buffer.from(text), (error, bytes) =>
          error ? reject(error) : resolve(String(bytes)),
        );
      });
      expect(answer).toBe(text);
      expect(Buffer.from(seen[0]?.body ?? []).toString()).toBe(text);
    } finally {
      zipping.close();
    }
  });

  it('closes although a caller keeps a stream open', async () => {
    const { call, answers, status } = bidi();
    call.write(Buffer.from('one'));
    await eventually('answered', () => answers.length === 1);
    await listener.close();
    expect((await status).code).toBe(grpc.status.OK);
  });
});

describe.each(['unary', 'auto', 'stream'] as const)('the connection in mode %s, calling grpc-js', (mode) => {
  let server: grpc.Server;
  let connection: Connection;
  let metadata: grpc.Metadata[];
  let cancelled: number;

  beforeEach(async () => {
    metadata = [];
    cancelled = 0;
    server = new grpc.Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
    // The reference provider's way: a stream, with an answer to each message.
    server.register<Buffer, Buffer>(
      MESH_RPC_PATH,
      (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
        metadata.push(call.metadata);
        call.on('data', (message: Buffer) => call.write(message));
        call.on('end', () => call.end());
      },
      asIs,
      asIs,
      'bidi',
    );
    server.register<Buffer, Buffer>(
      '/never',
      (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
        metadata.push(call.metadata);
        call.on('cancelled', () => cancelled++).on('error', () => undefined);
      },
      asIs,
      asIs,
      'bidi',
    );
    server.register<Buffer, Buffer>(
      '/denied',
      (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
        call.on('data', () => call.emit('error', { code: grpc.status.PERMISSION_DENIED, details: 'not you: 不行' }));
      },
      asIs,
      asIs,
      'bidi',
    );
    server.register<Buffer, Buffer>(
      '/silent',
      (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
        call.on('data', () => call.end());
      },
      asIs,
      asIs,
      'bidi',
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    connection = new GrpcTransport(transportOptions({ mode })).dial(`127.0.0.1:${port}`);
  });

  afterEach(() => {
    connection.destroy();
    server.forceShutdown();
  });

  const call = (init: Parameters<typeof outbound>[0]): Promise<string> =>
    connection.call(outbound({ path: MESH_RPC_PATH, ...init })).then((answer) => Buffer.from(answer).toString());

  it('is answered', async () => {
    expect(await call({ body: Buffer.from('ping'), headers: { 'mesh-urn': 'a.b.c' } })).toBe('ping');
    expect(metadata[0]?.get('mesh-urn')).toEqual(['a.b.c']);
    expect(await call({ body: Buffer.alloc(1024 * 1024, 'x') })).toHaveLength(1024 * 1024);
  });

  it('carries many calls', async () => {
    const texts = Array.from({ length: 200 }, (_, i) => `call ${i}`);
    const answers = await Promise.all(texts.map((text) => call({ body: Buffer.from(text) })));
    expect(answers).toEqual(texts);
  });

  it(mode === 'stream' ? 'keeps streams for the calls that follow' : 'opens a stream for each call', async () => {
    for (let i = 0; i < 5; i++) await call({ series: 'a' });
    expect(metadata).toHaveLength(mode === 'stream' ? 1 : 5);
    await call({ series: 'b' });
    expect(metadata).toHaveLength(mode === 'stream' ? 2 : 6);
  });

  it('maps a gRPC status, and calls on', async () => {
    const error = await caught(call({ path: '/denied' }));
    expect(error.code).toBe(MeshCode.FORBIDDEN);
    expect(error.message).toContain('not you: 不行');
    expect((await caught(call({ path: '/unknown' }))).code).toBe(MeshCode.NO_SERVICE);
    expect(await call({})).toBe('hello');
  });

  it('is told when it is answered OK, but without an answer', async () => {
    const error = await caught(call({ path: '/silent' }));
    expect([MeshCode.ENCODING, MeshCode.UNREACHABLE]).toContain(error.code);
    expect(error.neverSent).toBe(false);
  });

  it('cancels at the peer', async () => {
    const cancellation = new Cancellation();
    const error = caught(call({ path: '/never', cancellation }));
    await eventually('the call has arrived', () => metadata.length === 1);
    cancellation.cancel(new MeshError(MeshCode.CANCELLED, 'changed my mind'));
    expect((await error).message).toBe('changed my mind');
    await eventually('the peer is told', () => cancelled === 1);
  });

  it('tells the peer of the deadline of a call that has a stream of its own', async () => {
    expect((await caught(call({ path: '/never', timeoutMs: 1_500 }))).code).toBe(MeshCode.TIMEOUT);
    await eventually('the peer is told', () => cancelled === 1);
  });

  it('refuses headers that gRPC cannot carry', async () => {
    const unsendable: readonly [string, string][] = [
      ['x-name', 'größe'],
      ['x-name', 'a\nb'],
      ['X-Upper', 'a'],
      [':path', '/x'],
      ['', 'a'],
    ];
    for (const header of unsendable) {
      const headers = Object.fromEntries([header]);
      const error = await caught(call({ headers }));
      expect(error).toMatchObject({ code: MeshCode.INVALID_REQUEST, neverSent: true });
    }
    expect((await caught(call({ headers: { connection: 'close' } }))).code).toBe(MeshCode.INVALID_REQUEST);
    expect(await call({})).toBe('hello');
  });
});
