import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MeshCode, meshMicroservice, type MeshOptions, MeshServer, type MeshSession, MeshSessions } from 'nestjs-mesh';
import { firstValueFrom, map } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { testModule } from '../support/mesh-app.js';
import { findPython, type Python, skipWithoutPython } from '../support/python.js';
import { type Digest, PythonError, PythonParty } from './python-party.js';

const NODE = { nodeId: 'LX0000010000280', instId: 'JG0100002800000000' };
const PARTNER = { nodeId: 'LX0000010000290', instId: 'JG0100002900000000' };
const MIB = 1_048_576;

/** Messages that one queue of the node holds. */
const QUEUE = 110;

const search = await findPython('imesh', 'mesh');

/** The generation that splits messages, and speaks HTTP as well; it ended with 0.0.29. */
const splitting = search.found.filter(({ has }) => has.includes(' 0.0.29.'));
const others = search.found.filter((python) => !splitting.includes(python));

const reason = search.found.length > 0 ? 'imesh 0.0.29 is in none of them' : search.reason;
skipWithoutPython({ found: splitting, reason }, 'the reference Python SDK uses the sessions of a Nest node');

interface Node {
  readonly app: INestMicroservice;
  readonly address: string;
}

async function start(options: MeshOptions): Promise<Node> {
  const sessions = { maxQueueMessages: QUEUE, whenFull: 'fail' } as const;
  const module = testModule({ options: { ...options, sessions } });
  const app = await NestFactory.createMicroservice(module, { ...meshMicroservice(), logger: false });
  await app.listen();
  return { app, address: app.get(MeshServer).addresses[0]! };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (payload: Uint8Array | undefined): string | undefined => payload && Buffer.from(payload).toString();

function digestOf(payload: Uint8Array | undefined): Digest | undefined {
  return payload && { bytes: payload.byteLength, sha256: createHash('sha256').update(payload).digest('hex') };
}

async function raised(call: Promise<unknown>): Promise<PythonError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof PythonError) return error;
  throw new Error('expected an error of Python', { cause: error });
}

const wires = splitting.flatMap((python) => [
  { python, has: python.has, wire: 'gRPC', transport: 'grpc', env: { MESH_BFIA_PROTO: 'grpc' } } as const,
  { python, has: python.has, wire: 'HTTP', transport: 'http', env: { MESH_BFIA_PROTO: 'http' } } as const,
]);

describe.each(wires)('a session of a Nest node, used by the reference Python SDK ($has) over $wire', (wire) => {
  let node: Node;
  let partner: Node;
  let python: PythonParty;

  beforeAll(async () => {
    partner = await start(PARTNER);
    node = await start({ ...NODE, partners: [{ ...PARTNER, address: partner.address, transport: wire.transport }] });
    python = await PythonParty.start(wire.python, node.address, wire.env);
  });

  afterAll(async () => {
    await python?.stop();
    await node?.app.close();
    await partner?.app.close();
  });

  /** The same session by a client of ours in another application, which carries packets as the SDK does. */
  const ours = (session: string): MeshSession => {
    const { transport } = wire;
    return partner.app.get(MeshSessions).open(session, { node: { address: node.address, transport }, splitting: {} });
  };

  it('carries 100 messages each way, in order, on a topic that is not ASCII', async () => {
    const [there, here] = [python.open('each way'), ours('each way')];
    const toPython = Array.from({ length: 100 }, (_, index) => `节点4发送给节点5报文${index}`);
    const toNest = Array.from({ length: 100 }, (_, index) => `节点5发送给节点4报文${index}`);

    for (const message of toPython) await here.push(bytes(message), { topic: '话题/5' });
    expect(await there.pop('话题/5', 100)).toEqual(toPython);

    const arrived: (string | undefined)[] = [];
    const pushed = there.push('话题/4', toNest);
    while (arrived.length < 100) arrived.push(text(await here.pop({ topic: '话题/4' })));
    await pushed;
    expect(arrived).toEqual(toNest);
  });

  it('is peeked without taking', async () => {
    const there = python.open('peek');
    expect(await there.peek('t')).toBe('');
    await there.push('t', ['一']);
    expect(await there.peek('t')).toBe('一');
    expect(text(await ours('peek').peek({ topic: 't' }))).toBe('一');
    expect(await there.pop('t')).toEqual(['一']);
    expect(await there.peek('t')).toBe('');
  });

  it('carries empty messages and metadata', async () => {
    const [there, here] = [python.open('empty'), ours('empty')];
    await there.push('4', [''], { 键: '值' });
    const message = here.messages({ topic: '4' }).pipe(map(({ payload }) => text(payload)));
    expect(await firstValueFrom(message)).toBe('');
    await here.push(new Uint8Array(0), { topic: '5' });
    expect(await there.pop('5')).toEqual(['']);

    await there.push('4', ['x'], { 键: '值' });
    const withMetadata = here.messages({ topic: '4' }).pipe(map(({ payload, metadata }) => [text(payload), metadata]));
    expect(await firstValueFrom(withMetadata)).toEqual(['x', { 键: '值' }]);
  });

  it('keeps a pop of the SDK waiting until a message comes, or its time is over', async () => {
    const [there, here] = [python.open('wait'), ours('wait')];
    const waiting = there.pop('t');
    await here.push(bytes('late'), { topic: 't' });
    expect(await waiting).toEqual(['late']);

    // The SDK gives a call as much time as its pop is to wait. So either it gives up, over gRPC after three attempts, or our
    // answer without a payload comes just in time, in which it then finds no count of packets.
    const gaveUp = wire.transport === 'grpc' ? 'TimeoutException' : 'ReadTimeout';
    expect([gaveUp, 'ValueError']).toContain((await raised(there.pop('t', 1, 100))).name);
    // Who gave up took nothing with him.
    await here.push(bytes('later'), { topic: 't' });
    expect(await there.pop('t')).toEqual(['later']);
  });

  it('is released by either side, and opened anew', async () => {
    const [there, here] = [python.open('release'), ours('release')];
    await there.push('t', ['unread']);
    await there.release();
    expect(await here.peek({ topic: 't' })).toBeUndefined();
    await there.push('t', ['anew']);
    expect(text(await here.pop({ topic: 't' }))).toBe('anew');

    let isWaiting = true;
    const waiting = raised(there.pop('t')).finally(() => (isWaiting = false));
    // Until the pop has arrived there is nothing to release.
    while (isWaiting) await here.release().then(() => sleep(10));
    expect(await waiting).toMatchObject({ name: 'MeshException', code: MeshCode.SESSION_RELEASED });
    await here.push(bytes('again'), { topic: 't' });
    expect(await there.pop('t')).toEqual(['again']);
  });

  it('is shared with a partner: what the SDK pushes for it is forwarded to its node, packet by packet', async () => {
    const there = python.open('partner', PARTNER.nodeId);
    const pushed = await there.pushRandom('话题', 3 * MIB);
    const atPartner = partner.app.get(MeshSessions).open('partner', { splitting: {} });
    expect(digestOf(await atPartner.pop({ topic: '话题' }))).toEqual(pushed);

    await partner.app
      .get(MeshSessions)
      .open('partner', { node: { address: node.address }, splitting: {} })
      .push(bytes('回'), { topic: '话题' });
    expect(await there.pop('话题')).toEqual(['回']);
  });

  it('tells the SDK in codes what went wrong', async () => {
    const there = python.open('errors');
    const codes = {
      topic: (await raised(there.push('t'.repeat(2_000), ['x']))).code,
      target: (await raised(python.open('errors', 'LX0000010000299').push('t', ['x']))).code,
      // The SDK puts the message of an answer into JSON as it is, and would fail upon a quotation mark.
      quoted: (await raised(python.open('errors', 'LX"\\').push('t', ['x']))).code,
      full: (await raised(there.push('t', Array<string>(QUEUE + 1).fill('x')))).code,
    };
    expect(codes).toEqual({
      topic: MeshCode.INVALID_REQUEST,
      target: MeshCode.NOT_IN_NETWORK,
      quoted: MeshCode.NOT_IN_NETWORK,
      full: MeshCode.BUFFER_FULL,
    });
    expect((await caught(ours('errors').push(bytes('x'), { topic: 't' }))).code).toBe(MeshCode.BUFFER_FULL);
  });

  const toNest = async (): Promise<void> => {
    const pushed = await python.open('large').pushRandom('t', 100 * MIB);
    expect(digestOf(await ours('large').pop({ topic: 't' }))).toEqual(pushed);
  };

  const toPython = async (): Promise<void> => {
    const payload = randomBytes(100 * MIB);
    await ours('large').push(payload, { topic: 't' });
    expect(await python.open('large').popDigest('t')).toEqual(digestOf(payload));
  };

  // Each way over one of the wires: both over both would take twice the time and show no more.
  it('carries 100 MiB', { timeout: 120_000 }, wire.transport === 'http' ? toNest : toPython);
});

describe.each(others)('a session of a Nest node, used by the reference Python SDK ($has)', (other: Python) => {
  it('is refused in words, since this generation sends no headers and so does not say which session', async () => {
    const { app, address } = await start(NODE);
    const python = await PythonParty.start(other, address, {});
    try {
      const { code, message } = await raised(python.open('s').push('t', ['x']));
      expect(code).toBe(MeshCode.INVALID_REQUEST);
      expect(message).toContain("'x-ptp-session-id' is missing");
    } finally {
      await python.stop();
      await app.close();
    }
  });
});
