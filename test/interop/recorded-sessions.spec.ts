import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { MeshSessions } from 'nestjs-mesh';
import { describe, expect, it, onTestFinished } from 'vitest';
import { http1Caller } from '../support/http-callers.js';
import { startApp, type TestApp } from '../support/mesh-app.js';
import { type SessionVector, sessionVectors } from '../support/vectors.js';

/** Sends a recorded call byte for byte; resolves with the bytes of the answer. */
type Replay = (vector: SessionVector) => Promise<Buffer>;

const MESSAGE = '节点4发送给节点5报文0';

/** What the SDK's calls are to come to, in the order in which it made them: the payload of each answer. */
const EXPECTED: readonly (readonly [string, string])[] = [
  ['session push: packet count', ''],
  ['session push: packet 1', ''],
  ['session peek: packet count', '1'],
  ['session peek: packet 1', MESSAGE],
  ['session pop: packet count', '1'],
  ['session pop: packet 1', MESSAGE],
  ['session release', ''],
];

/** An answer as Google's encoder writes it: payload 2, code 3, message 4. */
function answerHex(payload: string): string {
  const bytes = Buffer.from(payload);
  const head = payload === '' ? Buffer.alloc(0) : Buffer.concat([Buffer.of(0x12, bytes.length), bytes]);
  return Buffer.concat([head, Buffer.from('\x1a\x0bE0000000000\x22\x07success')]).toString('hex');
}

function vectorOf(name: string): SessionVector {
  const vector = sessionVectors().find((candidate) => candidate.case === name);
  if (!vector) throw new Error(`session.json has no case '${name}'`);
  return vector;
}

function overGrpc(address: string): Replay {
  const client = new Client(address, credentials.createInsecure());
  onTestFinished(() => client.close());
  const asItIs = (bytes: Buffer): Buffer => bytes;
  return ({ method, metadata, request_base64: body }) => {
    const sent = new Metadata();
    for (const [name, value] of metadata) sent.add(name, value);
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(method, asItIs, asItIs, Buffer.from(body, 'base64'), sent, (error, answer) =>
        error ? reject(error) : resolve(answer!),
      );
    });
  };
}

/** As the SDK does over HTTP: the same bodies, and of the headers those that begin with `x-ptp-`. */
function overHttp(address: string): Replay {
  const post = http1Caller(address);
  return async ({ method, metadata, request_base64: body }) => {
    const path = `/v1/interconn/chan/${method.split('/').at(-1)}`;
    const ptp = metadata.filter(([name]) => name.startsWith('x-ptp-'));
    const headers = { ...Object.fromEntries(ptp), 'content-type': 'application/x-protobuf' };
    return (await post(path, headers, Buffer.from(body, 'base64'))).body;
  };
}

const wires: readonly (readonly [string, (address: string) => Replay])[] = [
  ['gRPC', overGrpc],
  ['HTTP', overHttp],
];

describe.each(wires)('the recorded session calls of the reference SDK, replayed over %s', (_, replayOver) => {
  const start = (): Promise<TestApp> => startApp({ options: { instId: 'JG0100000100000000' } });

  it('are answered as its nodes do, one after the other', async () => {
    const replay = replayOver((await start()).address);
    expect(EXPECTED.map(([name]) => name).toSorted()).toEqual(
      sessionVectors()
        .map((vector) => vector.case)
        .toSorted(),
    );
    for (const [name, payload] of EXPECTED) {
      expect([name, (await replay(vectorOf(name))).toString('hex')]).toEqual([name, answerHex(payload)]);
    }
  });

  it('are understood by a session that carries packets, and understand what it sends', async () => {
    const { app, address } = await start();
    const replay = replayOver(address);
    const session = app.get(MeshSessions).open('session_id_008', { splitting: {} });

    for (const name of ['session push: packet count', 'session push: packet 1']) await replay(vectorOf(name));
    const popped = await session.pop({ topic: 'topic' });
    expect(popped && Buffer.from(popped).toString()).toBe(MESSAGE);

    await session.push(Buffer.from('answer'), { topic: 'topic' });
    const packets = ['session pop: packet count', 'session pop: packet 1'].map((name) => replay(vectorOf(name)));
    // The id by which a repetition is recognised travels with a push, and is not handed out.
    expect((await Promise.all(packets)).map((bytes) => bytes.toString('hex'))).toEqual([
      answerHex('1'),
      answerHex('answer'),
    ]);
  });
});
