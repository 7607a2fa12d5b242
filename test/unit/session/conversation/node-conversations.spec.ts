import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../../lib/context/cancellation.js';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { StandardDialect } from '../../../../lib/protocol/dialects/standard/standard-dialect.js';
import type { SessionOperation, SessionRequest } from '../../../../lib/protocol/session-call.js';
import { NodeConversations } from '../../../../lib/session/conversation/node-conversations.js';
import { SessionMessages } from '../../../../lib/session/conversation/session-messages.js';
import { caught } from '../../../support/caught.js';
import { ConversationNode } from '../../../support/conversation-fixtures.js';
import { eventually } from '../../../support/eventually.js';

const formats = (type: string): never => {
  throw new Error(`no format for ${type}`);
};

function request(operation: SessionOperation, topic: string, text = ''): SessionRequest {
  return {
    operation,
    session: 's',
    topic,
    payload: Buffer.from(text),
    timeoutMs: 60_000,
    metadata: {},
    messageId: text && `id of ${text}`,
    parties: { sourceNodeId: '', sourceInstId: '', targetNodeId: '', targetInstId: '' },
    traceId: '',
    token: '',
    providerCode: '',
  };
}

const wait = (cancellation = new Cancellation()) => ({ deadline: Date.now() + 60_000, cancellation });

async function start(): Promise<{ node: ConversationNode; conversations: NodeConversations }> {
  const node = await ConversationNode.start();
  const messages = new SessionMessages(new StandardDialect(), formats);
  return { node, conversations: new NodeConversations(() => node.open(), messages) };
}

describe('the conversations with a node', () => {
  it('leave nothing behind when they are closed', async () => {
    const { node, conversations } = await start();
    for (let i = 0; i < 20; i++) {
      await conversations.call(request('push', 't', `m${i}`), wait());
      const subscription = conversations.subscribe(request('pop', 't'), 4);
      const how = i % 2 === 0 ? 'delivered' : 'lost';
      (await subscription.next()).settle(how);
      subscription.close();
      if (how === 'lost') (await conversations.call(request('pop', 't'), wait())).settle('delivered');
      await eventually('the message is gone', () => node.store.stats().messages === 0);
    }
    const popped = caught(conversations.call(request('pop', 't'), wait()));
    const subscription = conversations.subscribe(request('pop', 'u'), 4);
    const failed = caught(subscription.next());
    await eventually('all wait', () => node.store.stats().waiting === 5);
    conversations.close();
    expect((await popped).code).toBe(MeshCode.UNREACHABLE);
    expect((await failed).code).toBe(MeshCode.UNREACHABLE);
    await eventually('nothing is open', () => node.connection.pending + node.listener.pending === 0);
    expect(node.store.stats().waiting).toBe(0);
    expect(() => conversations.subscribe(request('pop', 't'), 1)).toThrow('closing');
  });

  it('acknowledge what was taken out of order up to the first that was not', async () => {
    const { node, conversations } = await start();
    for (const text of ['a', 'b', 'c', 'd']) await conversations.call(request('push', 't', text), wait());
    const subscription = conversations.subscribe(request('pop', 't'), 4);
    const outcomes = [];
    for (let i = 0; i < 4; i++) outcomes.push(await subscription.next());
    for (const index of [0, 2, 3]) outcomes[index]?.settle('delivered');
    await eventually('the first is acknowledged', () => node.store.stats().messages === 3);
    subscription.close();
    await eventually('the stream has ended', () => node.listener.pending === 1);
    expect(await node.rest()).toEqual(['b', 'c', 'd']);
    conversations.close();
  });

  it('hand a message that was put back to the same reader again, and the rest once', async () => {
    const { conversations } = await start();
    for (const text of ['a', 'b', 'c']) await conversations.call(request('push', 't', text), wait());
    const subscription = conversations.subscribe(request('pop', 't'), 8);
    const next = async () => {
      const outcome = await subscription.next();
      return { ...outcome, text: Buffer.from(outcome.answer.payload ?? []).toString() };
    };
    (await next()).settle('delivered');
    const second = await next();
    second.settle('lost');
    const seen: string[] = [];
    for (let i = 0; i < 2; i++) {
      const outcome = await next();
      seen.push(outcome.text);
      outcome.settle('delivered');
    }
    expect(seen).toEqual(['b', 'c']);
    conversations.close();
  });
});
