import { describe, expect, it, onTestFinished } from 'vitest';
import { Cancellation } from '../../../../lib/context/cancellation.js';
import type { Unsent } from '../../../../lib/context/time-limits.js';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import {
  OutboundConversation,
  type OutboundBounds,
} from '../../../../lib/session/conversation/outbound-conversation.js';
import { Inbox } from '../../../../lib/transport/inbox.js';
import type { DuplexStream } from '../../../../lib/transport/transport.js';
import { caught } from '../../../support/caught.js';
import { eventually } from '../../../support/eventually.js';

/** A stream whose other end is the test. */
class ScriptedStream implements DuplexStream {
  readonly messages = new Inbox({ onRoom: () => undefined, onLeft: () => undefined });
  readonly sent: string[] = [];
  ended: 'no' | 'well' | MeshError = 'no';
  unsent: Unsent | undefined;
  private readonly blocked: (() => void)[] = [];
  private readonly openers: (() => void)[] = [];
  constructor(private readonly flow: 'free' | 'blocked' | 'connecting') {
    if (flow === 'connecting') this.unsent = { stage: 'connecting', address: 'there:1' };
  }

  opened(): Promise<void> {
    return new Promise((resolve) => this.openers.push(resolve));
  }

  gotConnection(): void {
    this.unsent = undefined;
    for (const tell of this.openers.splice(0)) tell();
  }

  send(message: Uint8Array): Promise<void> {
    if (message.byteLength > 100) return Promise.reject(new MeshError(MeshCode.MESSAGE_TOO_LONG));
    this.sent.push(Buffer.from(message).toString());
    return this.flow !== 'blocked' ? Promise.resolve() : new Promise((resolve) => this.blocked.push(resolve));
  }

  unblock(): void {
    this.blocked.shift()?.();
  }

  answer(...texts: readonly string[]): void {
    for (const text of texts) this.messages.push(Buffer.from(text));
  }

  end(): void {
    this.ended = 'well';
    this.messages.end();
  }

  cancel(reason: MeshError): void {
    this.ended = reason;
    this.messages.drop(reason);
    this.gotConnection();
  }
}

class Scripted {
  readonly streams: ScriptedStream[] = [];
  readonly conversation: OutboundConversation;

  constructor(bounds: OutboundBounds = {}, flow: 'free' | 'blocked' | 'connecting' = 'free') {
    this.conversation = new OutboundConversation(() => {
      const stream = new ScriptedStream(flow);
      this.streams.push(stream);
      return stream;
    }, bounds);
    onTestFinished(() => {
      this.conversation.close();
      for (const stream of this.streams) stream.cancel(new MeshError(MeshCode.CANCELLED));
    });
  }

  ask(text: string, timeoutMs = 5_000, cancellation = new Cancellation(), connectMs?: number): Promise<string> {
    const now = Date.now();
    const connectBy = connectMs === undefined ? {} : { connectBy: now + connectMs };
    const wait = { deadline: now + timeoutMs, cancellation, ...connectBy };
    return this.conversation.ask(Buffer.from(text), wait).then((answer) => Buffer.from(answer).toString());
  }

  get last(): ScriptedStream {
    const stream = this.streams.at(-1);
    if (!stream) throw new Error('no stream was opened');
    return stream;
  }
}

describe('a conversation, asking', () => {
  it('has answers in the order of what it asked', async () => {
    const scripted = new Scripted();
    const answers = ['a', 'b', 'c'].map((text) => scripted.ask(text));
    await eventually('all are sent', () => scripted.last.sent.length === 3);
    scripted.last.answer('A', 'B', 'C');
    expect(await Promise.all(answers)).toEqual(['A', 'B', 'C']);
    expect(scripted.streams).toHaveLength(1);
  });

  it('has so many under way, and so many bytes, and no more', async () => {
    const scripted = new Scripted({ maxMessages: 3, maxBytes: 10 });
    const answers = ['1', '2', '3', '4', '123456', '78901', 'x'.repeat(50), 'y'].map((text) => scripted.ask(text));
    await eventually('three are sent', () => scripted.last.sent.length === 3);
    scripted.last.answer('1', '2', '3');
    await Promise.all(answers.slice(0, 3));
    // 4 and six bytes fit; five more do not.
    await eventually('two more are sent', () => scripted.last.sent.length === 5);
    scripted.last.answer('4', '5');
    await eventually('one more is sent', () => scripted.last.sent.length === 6);
    scripted.last.answer('6');
    await eventually('one is always sent', () => scripted.last.sent.length === 7);
    scripted.last.answer('7');
    await eventually('the last is sent', () => scripted.last.sent.length === 8);
    scripted.last.answer('8');
    await Promise.all(answers);
  });

  it('waits until the stream lets it send', async () => {
    const scripted = new Scripted({}, 'blocked');
    const answers = ['a', 'b'].map((text) => scripted.ask(text));
    await eventually('the first is sent', () => scripted.last.sent.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(scripted.last.sent).toEqual(['a']);
    scripted.last.unblock();
    await eventually('the second is sent', () => scripted.last.sent.length === 2);
    scripted.last.answer('A', 'B');
    await Promise.all(answers);
  });

  it('refuses more than may wait', async () => {
    const scripted = new Scripted({ maxMessages: 1, maxWaiting: 2 });
    const answers = ['a', 'b', 'c', 'd'].map((text) => scripted.ask(text).catch((error: MeshError) => error.code));
    const refused = await Promise.race(answers);
    expect(refused).toBe(MeshCode.BUFFER_FULL);
  });

  it('drops the answer of a call that was cancelled', async () => {
    const scripted = new Scripted();
    const cancellation = new Cancellation();
    const first = caught(scripted.ask('a', 5_000, cancellation));
    const second = scripted.ask('b');
    await eventually('both are sent', () => scripted.last.sent.length === 2);
    cancellation.cancel(new MeshError(MeshCode.CANCELLED, 'no longer'));
    expect((await first).message).toBe('no longer');
    scripted.last.answer('A', 'B');
    expect(await second).toBe('B');
    expect(scripted.streams).toHaveLength(1);
  });

  it('does not send what was cancelled while it waited', async () => {
    const scripted = new Scripted({ maxMessages: 1 });
    const cancellation = new Cancellation();
    const first = scripted.ask('a');
    const second = caught(scripted.ask('b', 5_000, cancellation));
    const third = scripted.ask('c');
    cancellation.cancel(new MeshError(MeshCode.CANCELLED));
    await second;
    scripted.last.answer('A');
    await first;
    await eventually('the third is sent', () => scripted.last.sent.length === 2);
    scripted.last.answer('C');
    await third;
    expect(scripted.last.sent).toEqual(['a', 'c']);
  });

  it('gives up a stream whose first answer is late, and opens another', async () => {
    const scripted = new Scripted();
    const late = caught(scripted.ask('a', 20));
    const behind = caught(scripted.ask('b'));
    expect((await late).code).toBe(MeshCode.TIMEOUT);
    expect((await behind).code).toBe(MeshCode.UNREACHABLE);
    expect(scripted.last.ended).toBeInstanceOf(MeshError);
    const again = scripted.ask('b');
    await eventually('it is sent anew', () => scripted.streams.length === 2 && scripted.last.sent.length === 1);
    scripted.last.answer('B');
    expect(await again).toBe('B');
  });

  it('fails in order what is under way when the stream is lost, and says what was never sent', async () => {
    const scripted = new Scripted({ maxMessages: 2 });
    const failures: string[] = [];
    const ask = async (text: string) => {
      const { code, neverSent } = await caught(scripted.ask(text));
      failures.push(`${text} ${code} ${neverSent}`);
    };
    const all = ['a', 'b', 'c', 'd'].map(ask);
    await eventually('two are sent', () => scripted.last.sent.length === 2);
    scripted.last.cancel(new MeshError(MeshCode.UNREACHABLE, 'lost'));
    await Promise.all(all);
    const { UNREACHABLE } = MeshCode;
    expect(failures).toEqual([
      `a ${UNREACHABLE} false`,
      `b ${UNREACHABLE} false`,
      `c ${UNREACHABLE} true`,
      `d ${UNREACHABLE} true`,
    ]);
  });

  it('goes on after a message over the limit', async () => {
    const scripted = new Scripted();
    const long = caught(scripted.ask('x'.repeat(101)));
    const next = scripted.ask('a');
    expect((await long).code).toBe(MeshCode.MESSAGE_TOO_LONG);
    await eventually('the next is sent', () => scripted.last.sent.length === 1);
    scripted.last.answer('A');
    expect(await next).toBe('A');
  });

  it('does not trust a peer that answers what was not asked', async () => {
    const scripted = new Scripted();
    const first = scripted.ask('a');
    await eventually('it is sent', () => scripted.streams.length === 1 && scripted.last.sent.length === 1);
    scripted.last.answer('A', 'more');
    expect(await first).toBe('A');
    await eventually('the stream is given up', () => scripted.last.ended instanceof MeshError);
  });

  it('ends an idle stream, and opens another when it is needed', async () => {
    const scripted = new Scripted({ idleMs: 20 });
    const first = scripted.ask('a');
    await eventually('it is sent', () => scripted.last.sent.length === 1);
    scripted.last.answer('A');
    await first;
    await eventually('the stream has ended', () => scripted.last.ended === 'well');
    const second = scripted.ask('b');
    await eventually('another is open', () => scripted.streams.length === 2 && scripted.last.sent.length === 1);
    scripted.last.answer('B');
    expect(await second).toBe('B');
  });

  it('answers what is under way when it is closed, and takes nothing more', async () => {
    const scripted = new Scripted();
    const first = scripted.ask('a');
    await eventually('it is sent', () => scripted.last.sent.length === 1);
    scripted.conversation.close();
    expect((await caught(scripted.ask('b'))).code).toBe(MeshCode.UNREACHABLE);
    scripted.last.answer('A');
    expect(await first).toBe('A');
    await eventually('the stream has ended', () => scripted.last.ended === 'well');
  });
});

describe('a conversation whose stream has no connection yet', () => {
  it('sends in order once there is one', async () => {
    const scripted = new Scripted({}, 'connecting');
    const answers = ['a', 'b'].map((text) => scripted.ask(text));
    await new Promise(setImmediate);
    expect(scripted.last.sent).toEqual([]);
    scripted.last.gotConnection();
    await eventually('both are sent', () => scripted.last.sent.length === 2);
    scripted.last.answer('A', 'B');
    expect(await Promise.all(answers)).toEqual(['A', 'B']);
  });

  it('never sends what its caller gave up, and says so', async () => {
    const scripted = new Scripted({}, 'connecting');
    const [late, elsewhere] = [caught(scripted.ask('a', 5)), caught(scripted.ask('b', 5_000, undefined, 5))];
    const patient = scripted.ask('c');
    expect(await late).toMatchObject({ code: MeshCode.TIMEOUT, neverSent: true });
    expect(await elsewhere).toMatchObject({ code: MeshCode.ADDRESS_UNREACHABLE, neverSent: true });
    scripted.last.gotConnection();
    await eventually('the last is sent', () => scripted.last.sent.length > 0);
    scripted.last.answer('C');
    expect(await patient).toBe('C');
    expect(scripted.last.sent).toEqual(['c']);
  });

  it('gives what was sent its time until the deadline', async () => {
    const scripted = new Scripted();
    const begun = Date.now();
    const late = caught(scripted.ask('a', 30, undefined, 5));
    expect(await late).toMatchObject({ code: MeshCode.TIMEOUT, neverSent: false });
    expect(Date.now() - begun).toBeGreaterThanOrEqual(20);
  });

  it('fails what waits with what the stream failed with', async () => {
    const scripted = new Scripted({}, 'connecting');
    const failures = ['a', 'b'].map((text) => caught(scripted.ask(text)));
    scripted.last.cancel(new MeshError(MeshCode.ADDRESS_UNREACHABLE, 'nobody is there', { neverSent: true }));
    for (const failure of failures)
      expect(await failure).toMatchObject({ code: MeshCode.ADDRESS_UNREACHABLE, neverSent: true });
  });

  it('gives it up when nobody wants anything of it and it is closed', async () => {
    const scripted = new Scripted({}, 'connecting');
    const late = caught(scripted.ask('a', 5));
    scripted.conversation.close();
    await late;
    expect(scripted.last.ended).toBeInstanceOf(MeshError);
  });
});
