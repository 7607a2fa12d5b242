import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../../lib/context/cancellation.js';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import { encodePtp } from '../../../../lib/protocol/ptp/protobuf-writer.js';
import {
  ACKNOWLEDGE,
  Answers,
  ConversationNode,
  inbound,
  PEEK,
  POP,
  PUSH,
  subscribingPop,
} from '../../../support/conversation-fixtures.js';
import { eventually, settled } from '../../../support/eventually.js';

const texts = (count: number): string[] => Array.from({ length: count }, (_, i) => `m${i}`);

async function pushAll(node: ConversationNode, all: readonly string[]): Promise<void> {
  const stream = node.open();
  const answers = new Answers(stream);
  for (const text of all) await stream.send(inbound(PUSH, { text }));
  await answers.texts(all.length);
  stream.end();
  expect(await answers.next()).toBeUndefined();
}

describe('a conversation', () => {
  it('answers each Inbound by one Outbound, in order, with a thousand under way', async () => {
    const node = await ConversationNode.start();
    const stream = node.open();
    const answers = new Answers(stream);
    const all = texts(1_000);
    const sent = all.map((text) => stream.send(inbound(PUSH, { text })));
    expect(await answers.texts(1_000)).toEqual(all.map(() => ''));
    await Promise.all(sent);
    const popped = all.map(() => stream.send(inbound(POP, { timeoutMs: 1_000 })));
    expect(await answers.texts(1_000)).toEqual(all);
    await Promise.all(popped);
    stream.end();
    expect(await answers.next()).toBeUndefined();
    await eventually('the stream is over', () => node.listener.pending === 0);
  });

  it('answers in the order of the requests when a later one is ready first', async () => {
    const node = await ConversationNode.start({
      serve: (next) => async (raw, wait) => {
        const answer = await next(raw, wait);
        const text = Buffer.from(raw.body).toString();
        if (text.includes('slow')) await new Promise((resolve) => setTimeout(resolve, 20));
        return text.includes('broken') ? Promise.reject(new Error('broken')) : answer;
      },
    });
    const stream = node.open();
    const answers = new Answers(stream);
    for (const text of ['slow', 'broken', 'quick']) await stream.send(inbound(PUSH, { text }));
    expect((await answers.next())?.code).toBe(MeshCode.SUCCESS);
    expect((await answers.next())?.code).toBe(MeshCode.SYSTEM_ERROR);
    expect((await answers.next())?.code).toBe(MeshCode.SUCCESS);
    stream.end();
  });

  it('lets the metadata of a message win over the headers of the stream', async () => {
    const node = await ConversationNode.start();
    const stream = node.open({ 'x-ptp-session-id': 's', 'x-ptp-tecn-provider-code': 'LX', 'x-ptp-uri': PUSH });
    const answers = new Answers(stream);
    const payload = encodePtp('PushInbound', { topic: 't', payload: Buffer.from('one'), metadata: {} });
    await stream.send(encodePtp('Inbound', { metadata: {}, payload }));
    await stream.send(encodePtp('Inbound', { metadata: { 'x-ptp-session-id': 'other' }, payload }));
    expect(await answers.texts(2)).toEqual(['', '']);
    expect(await node.rest()).toEqual(['one']);
    stream.end();
  });

  it('answers a malformed message with its code, and goes on', async () => {
    const node = await ConversationNode.start();
    const stream = node.open();
    const answers = new Answers(stream);
    const malformed: readonly (readonly [Uint8Array, string])[] = [
      [Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]), MeshCode.ENCODING],
      [Buffer.alloc(0), MeshCode.INVALID_REQUEST],
      [inbound('/nowhere'), MeshCode.NOT_FOUND],
      [inbound(PUSH, { session: '' }), MeshCode.INVALID_REQUEST],
      [inbound(PUSH, { metadata: { 'x-ptp-trace-id': 'a\nb' } }), MeshCode.INVALID_REQUEST],
      [inbound(PUSH, { metadata: { 'mesh-acknowledged': '-1' } }), MeshCode.INVALID_REQUEST],
      [inbound(PUSH, { metadata: { 'mesh-acknowledged': '1' } }), MeshCode.INVALID_REQUEST],
    ];
    for (const [message] of malformed) await stream.send(message);
    await stream.send(inbound(PUSH, { text: 'well' }));
    for (const [, code] of malformed) expect((await answers.next())?.code).toBe(code);
    await answers.texts(1);
    expect(await node.rest()).toEqual(['well']);
    stream.end();
  });

  it('answers whatever it is sent, once, and lives on', async () => {
    const node = await ConversationNode.start();
    const stream = node.open();
    const answers = new Answers(stream);
    const name = fc.constantFrom(
      'x-ptp-uri',
      'x-ptp-session-id',
      'mesh-acknowledge',
      'mesh-acknowledged',
      'X-PTP-TOPIC',
      'x',
    );
    const value = fc.oneof(fc.constantFrom(PUSH, PEEK, ACKNOWLEDGE, '1', '0', '99', 's', ''), fc.string());
    const wrapped = fc
      .record({ metadata: fc.dictionary(name, value), payload: fc.uint8Array({ maxLength: 40 }) })
      .map((message) => encodePtp('Inbound', message));
    const hostile = fc.oneof(fc.uint8Array({ maxLength: 60 }), wrapped);
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { maxLength: 10 }), async (messages) => {
        for (const message of messages) await stream.send(message);
        await stream.send(inbound(PEEK, { topic: 'nothing' }));
        for (let i = 0; i < messages.length; i++) expect((await answers.next())?.code).toMatch(/^E\d{10}$/);
        expect((await answers.next())?.code).toBe(MeshCode.SUCCESS);
      }),
      { numRuns: 60 },
    );
    stream.end();
  });

  it('does not read on while too much is under way', async () => {
    const started: string[] = [];
    let letGo: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    const node = await ConversationNode.start({
      bounds: { maxMessages: 4 },
      serve: (next) => async (raw, wait) => {
        started.push(raw.operation);
        await gate;
        return next(raw, wait);
      },
    });
    const stream = node.open();
    const answers = new Answers(stream);
    for (const text of texts(20)) await stream.send(inbound(PUSH, { text }));
    await eventually('four are started', () => started.length === 4);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(started).toHaveLength(4);
    letGo();
    await answers.texts(20);
    expect(await node.rest()).toEqual(texts(20));
    stream.end();
  });

  it('counts the bytes of answers that wait for their turn', async () => {
    const started: string[] = [];
    const node = await ConversationNode.start({
      bounds: { maxBytes: 10_000 },
      serve: (next) => (raw, wait) => {
        started.push(raw.operation);
        return next(raw, wait);
      },
    });
    await pushAll(node, ['x'.repeat(6_000)]);
    started.length = 0;
    const stream = node.open();
    const answers = new Answers(stream);
    await stream.send(inbound(POP, { topic: 'nothing', timeoutMs: 60_000 }));
    for (let i = 0; i < 10; i++) await stream.send(inbound(PEEK));
    await eventually('two peeks are served', () => started.length === 3);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(started).toHaveLength(3);
    const other = node.open();
    await other.send(inbound(PUSH, { topic: 'nothing', text: 'it' }));
    expect((await answers.texts(11)).map((text) => text.length)).toEqual([2, ...Array<number>(10).fill(6_000)]);
    for (const each of [stream, other]) each.end();
  });

  it('does not go on for a peer that does not read its answers', async () => {
    const served: string[] = [];
    const node = await ConversationNode.start({
      serve: (next) => (raw, wait) => {
        served.push(raw.operation);
        return next(raw, wait);
      },
    });
    await pushAll(node, ['x'.repeat(256 * 1_024)]);
    const stream = node.open();
    for (let i = 0; i < 2_000; i++) void stream.send(inbound(PEEK)).catch(() => undefined);
    await eventually('one is served', () => served.length > 1);
    expect(await settled(() => served.length)).toBeLessThan(100);
    stream.cancel(new MeshError(MeshCode.CANCELLED));
  });

  it('ends waiting pops, and then the stream, when the listener is about to close', async () => {
    const node = await ConversationNode.start();
    const stream = node.open();
    const answers = new Answers(stream);
    await stream.send(inbound(PUSH, { text: 'one' }));
    await stream.send(inbound(POP, { topic: 'nothing', timeoutMs: 60_000 }));
    await answers.texts(1);
    await eventually('the pop waits', () => node.store.stats().waiting === 1);
    const closed = node.listener.close();
    // As though its time had passed.
    expect(await answers.texts(1)).toEqual(['']);
    expect(await answers.next()).toBeUndefined();
    stream.end();
    await closed;
  });

  it('still answers what was asked before the peer said its last', async () => {
    const node = await ConversationNode.start();
    const stream = node.open();
    const answers = new Answers(stream);
    await stream.send(inbound(POP, { timeoutMs: 5_000 }));
    stream.end();
    await eventually('the pop waits', () => node.store.stats().waiting === 1);
    await pushAll(node, ['late']);
    expect(await answers.texts(1)).toEqual(['late']);
    expect(await answers.next()).toBeUndefined();
  });

  it('takes nothing for a pop whose peer has gone, and stores pushes in order', async () => {
    const node = await ConversationNode.start({
      options: { sessions: { maxQueueBytes: 1_000, maxBytes: 1_000 }, limits: { maxMessageBytes: 1_000 } },
    });
    const stream = node.open();
    await stream.send(inbound(PUSH, { text: 'x'.repeat(800) }));
    // Waits for room; the next would have room.
    await stream.send(inbound(PUSH, { text: 'y'.repeat(300) }));
    await stream.send(inbound(PUSH, { text: 'z'.repeat(100) }));
    await stream.send(inbound(POP, { topic: 'nothing', timeoutMs: 60_000 }));
    await eventually('the pop waits', () => node.store.stats().waiting === 1);
    node.relay.cut();
    await eventually('the pop has ended', () => node.store.stats().waiting === 0);
    expect(await node.rest()).toEqual(['x'.repeat(800)]);
  });
});

describe('an acknowledged pop', () => {
  it('numbers the messages, and keeps them until they are acknowledged', async () => {
    const node = await ConversationNode.start();
    await pushAll(node, texts(4));
    const stream = node.open();
    const answers = new Answers(stream);
    for (let i = 0; i < 3; i++) await stream.send(subscribingPop(1_000));
    for (const delivery of ['1', '2', '3'])
      expect((await answers.next())?.metadata).toEqual({ 'mesh-delivery': delivery });
    expect(node.store.stats().messages).toBe(4);
    await stream.send(inbound(ACKNOWLEDGE, { metadata: { 'mesh-acknowledged': '2' } }));
    expect((await answers.next())?.code).toBe(MeshCode.SUCCESS);
    expect(node.store.stats().messages).toBe(2);
    await stream.send(subscribingPop(1_000, 3));
    expect(await answers.texts(1)).toEqual(['m3']);
    expect(node.store.stats().messages).toBe(1);
    node.relay.cut();
    await eventually('the stream is gone', () => node.listener.pending === 0);
    expect(await node.rest()).toEqual(['m3']);
  });

  it('numbers an empty message, too, and none where there was none', async () => {
    const node = await ConversationNode.start();
    await pushAll(node, ['']);
    const stream = node.open();
    const answers = new Answers(stream);
    await stream.send(subscribingPop(1_000));
    await stream.send(subscribingPop(1));
    expect((await answers.next())?.metadata).toEqual({ 'mesh-delivery': '1' });
    expect((await answers.next())?.metadata).toEqual({});
    stream.end();
  });

  it('says that a message is too long to be sent, keeps it, and goes on', async () => {
    const node = await ConversationNode.start({ options: { limits: { maxMessageBytes: 1_000 } } });
    const key = { session: 's', topic: 't' };
    const wait = { deadline: Infinity, cancellation: new Cancellation() };
    await node.store.push(key, { payload: Buffer.alloc(70_000, 'x'), metadata: {}, id: '' }, wait);
    const stream = node.open();
    const answers = new Answers(stream);
    for (const pop of [subscribingPop(10), inbound(POP, { timeoutMs: 10 })]) {
      await stream.send(pop);
      expect((await answers.next())?.code).toBe(MeshCode.MESSAGE_TOO_LONG);
      expect((await node.store.peek(key))?.payload.byteLength).toBe(70_000);
    }
    stream.end();
  });

  it.each(['the stream is reset', 'the connection is lost', 'the peer says its last', 'the listener closes'])(
    'gives back in the old order what was not acknowledged when %s',
    async (how) => {
      const node = await ConversationNode.start();
      await pushAll(node, texts(6));
      const stream = node.open();
      const answers = new Answers(stream);
      for (let i = 0; i < 5; i++) await stream.send(subscribingPop(1_000));
      // The last of these waits, and must not be handed what comes back.
      await stream.send(
        inbound(POP, {
          topic: 'nothing',
          timeoutMs: 60_000,
          metadata: { 'mesh-acknowledge': '1', 'mesh-acknowledged': '0' },
        }),
      );
      await answers.texts(5);
      await stream.send(inbound(ACKNOWLEDGE, { metadata: { 'mesh-acknowledged': '2' } }));
      await eventually('two are acknowledged', () => node.store.stats().messages === 4);
      if (how.includes('reset')) stream.cancel(new MeshError(MeshCode.CANCELLED));
      if (how.includes('lost')) node.relay.cut();
      if (how.includes('last')) stream.end();
      if (how.includes('closes')) void node.listener.close();
      await eventually('the stream is over', () => node.listener.pending === 0);
      expect(await node.rest()).toEqual(['m2', 'm3', 'm4', 'm5']);
    },
  );

  it('hands what comes back to another reader that waits, the first first', async () => {
    const node = await ConversationNode.start();
    await pushAll(node, texts(3));
    const stream = node.open();
    const answers = new Answers(stream);
    for (let i = 0; i < 3; i++) await stream.send(subscribingPop(1_000));
    await answers.texts(3);
    const other = node.open();
    const others = new Answers(other);
    for (let i = 0; i < 3; i++) await other.send(subscribingPop(1_000));
    await eventually('three pops wait', () => node.store.stats().waiting === 3);
    stream.end();
    expect(await others.texts(3)).toEqual(texts(3));
    other.end();
  });

  it('is refused beyond the bound, and the conversation goes on', async () => {
    const node = await ConversationNode.start({ bounds: { maxUnacknowledged: 2 } });
    await pushAll(node, texts(3));
    const stream = node.open();
    const answers = new Answers(stream);
    for (let i = 0; i < 3; i++) await stream.send(subscribingPop(1_000));
    expect(await answers.texts(2)).toEqual(['m0', 'm1']);
    expect((await answers.next())?.code).toBe(MeshCode.BUFFER_FULL);
    await stream.send(subscribingPop(1_000, 2));
    expect(await answers.texts(1)).toEqual(['m2']);
    stream.end();
  });
});
