import { Logger } from '@nestjs/common';
import { concatMap, map, NEVER, of, Subject, take, throwError } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Cancellation } from '../../../../lib/context/cancellation.js';
import { MeshContext } from '../../../../lib/context/mesh-context.js';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import type { ReceivedMessage } from '../../../../lib/session/handle/received-message.js';
import { caught } from '../../../support/caught.js';
import { eventually } from '../../../support/eventually.js';
import { foreignPush, handlerOf, noWait, openDesk } from '../../../support/stream-fixtures.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (payload: Uint8Array | undefined): string | undefined => payload && Buffer.from(payload).toString();
const chat = { topic: 'chat' };
const reply = { topic: 'reply' };

/** What is logged, as an error or a warning. */
function logged(level: 'error' | 'warn' = 'error'): unknown[][] {
  const spy = vi.spyOn(Logger.prototype, level).mockImplementation(() => undefined);
  onTestFinished(() => spy.mockRestore());
  return spy.mock.calls;
}

describe('a desk', () => {
  it('begins a stream in no context but its own', async () => {
    const seen: (MeshContext | undefined)[] = [];
    const serve = handlerOf({}, (inbound, context) => {
      seen.push(context);
      return inbound.pipe(
        take(1),
        map((message) => {
          seen.push(MeshContext.current());
          return message.payload;
        }),
      );
    });
    const { sessions, desk } = openDesk([serve]);
    const outer = new MeshContext({ ...contextInit(), traceId: 'outer' });
    await outer.run(() => sessions.open('s').push(bytes('1'), chat));
    expect(text(await sessions.open('s').pop(reply))).toBe('1');
    expect(seen[1]).toBe(seen[0]);
    // The push belongs to the call that makes it: so does the stream, by its trace, but not to what limits that call.
    expect(seen[0]).toMatchObject({ traceId: 'outer', deadline: Infinity });
    await eventually('it ends', () => desk.stats().atWork === 0);
    expect(seen[0]?.cancellation.reason?.code).toBe(MeshCode.CANCELLED);
    expect(outer.cancellation.reason).toBeUndefined();
  });

  it('begins none for what an active reader has taken, nor for a push that is repeated', async () => {
    const serve = vi.fn<() => undefined>();
    const { sessions, desk } = openDesk([handlerOf({}, serve)]);
    const session = sessions.open('s');
    const waiting = session.pop(chat);
    await session.push(bytes('1'), { ...chat, messageId: 'id' });
    expect(text(await waiting)).toBe('1');
    await session.push(bytes('1'), { ...chat, messageId: 'id' });
    await eventually('nothing is at work', () => desk.stats().atWork === 0);
    expect(serve).not.toHaveBeenCalled();
  });

  it('begins the streams of those who wait in the order of arrival, and of no one whose session is released', async () => {
    const begun: (string | undefined)[] = [];
    const gates: Subject<Uint8Array>[] = [];
    const serve = handlerOf({}, (_inbound, context) => {
      begun.push(context.sessionId);
      gates.push(new Subject());
      return gates.at(-1);
    });
    const { sessions, desk } = openDesk([serve], { maxStreams: 1 });
    for (const id of ['1', '2', '3', '4', '5']) await sessions.open(id).push(bytes(id), chat);
    await eventually('the first has begun', () => begun.length === 1);
    expect(desk.stats()).toEqual({ atWork: 1, waiting: 4 });
    await sessions.open('3').release();
    await sessions.open('4').release(chat);
    await sessions.open('5').release({ topic: 'another' });
    expect(desk.stats()).toEqual({ atWork: 1, waiting: 2 });
    for (let nth = 0; nth < 3; nth++) {
      await eventually('the next has begun', () => begun.length === nth + 1);
      gates[nth]?.complete();
    }
    await eventually('all have ended', () => desk.stats().atWork === 0);
    expect(begun).toEqual(['1', '2', '5']);
  });

  it('forgets the first of too many that wait, whose next message counts as the first', async () => {
    const begun: (string | undefined)[] = [];
    const first = new Subject<Uint8Array>();
    const serve = handlerOf({}, (_inbound, context) => {
      begun.push(context.sessionId);
      return context.sessionId === '1' ? first : undefined;
    });
    const { sessions, desk } = openDesk([serve], { maxStreams: 1, maxWaiting: 2 });
    for (const id of ['1', '2', '3', '4']) await sessions.open(id).push(bytes(id), chat);
    expect(desk.stats()).toEqual({ atWork: 1, waiting: 2 });
    first.complete();
    await eventually('all have ended', () => desk.stats().atWork === 0 && begun.length === 3);
    await sessions.open('2').push(bytes('again'), chat);
    await eventually('it has begun', () => begun.length === 4);
    expect(begun).toEqual(['1', '3', '4', '2']);
  });

  it('begins another stream for what arrives while one that has read enough still answers', async () => {
    let calls = 0;
    const gate = new Subject<Uint8Array>();
    const serve = handlerOf({}, (inbound) => {
      calls++;
      return inbound.pipe(
        take(1),
        concatMap(({ payload }) => (calls === 1 ? gate : of(payload))),
      );
    });
    const { sessions, desk } = openDesk([serve]);
    const session = sessions.open('s');
    await session.push(bytes('1'), chat);
    await eventually('it answers', () => gate.observed);
    await session.push(bytes('2'), chat);
    expect(calls).toBe(1);
    gate.complete();
    expect(await session.pop(reply)).toBeUndefined();
    expect(text(await session.pop(reply))).toBe('2');
    await eventually('all have ended', () => desk.stats().atWork === 0);
  });

  it('ends streams on which nothing happens, so that others have their turn', async () => {
    const begun: (string | undefined)[] = [];
    const serve = handlerOf({ idleTimeoutMs: 30 }, (inbound, context) => {
      begun.push(context.sessionId);
      inbound.subscribe((message) => message.take());
    });
    const { sessions, desk } = openDesk([serve], { maxStreams: 1 });
    for (const id of ['1', '2']) await sessions.open(id).push(bytes(id), chat);
    await eventually('both have had their turn', () => begun.length === 2 && desk.stats().atWork === 0);
    expect((await caught(sessions.open('1').pop(reply))).code).toBe(MeshCode.SESSION_RELEASED);
  });

  it('begins another stream for what arrives after its topic was released', async () => {
    const gates: Subject<Uint8Array>[] = [];
    const serve = handlerOf({}, () => {
      gates.push(new Subject());
      return gates.at(-1);
    });
    const { sessions, desk } = openDesk([serve]);
    const session = sessions.open('s');
    await session.push(bytes('1'), chat);
    await eventually('it has begun', () => gates.length === 1);
    await session.release(chat);
    await session.push(bytes('2'), chat);
    gates[0]?.complete();
    await eventually('another has begun', () => gates.length === 2);
    gates[1]?.complete();
    await eventually('all have ended', () => desk.stats().atWork === 0);
  });

  it('tells senders of other implementations nothing', async () => {
    const serve = handlerOf({}, (inbound) =>
      inbound.pipe(
        take(1),
        map(({ payload }) => payload),
      ),
    );
    const { service, sessions, desk, store } = openDesk([serve]);
    await service.serve(foreignPush('s', 'chat', '1'), noWait());
    expect(text(await sessions.open('s').pop(reply))).toBe('1');
    await eventually('it has ended', () => desk.stats().atWork === 0);
    expect(store.stats().messages).toBe(0);
  });

  it('passes over ends of streams that nobody has read', async () => {
    const seen: string[] = [];
    const serve = handlerOf({}, (inbound) => {
      inbound.pipe(take(1)).subscribe(({ payload }) => seen.push(Buffer.from(payload).toString()));
    });
    const { sessions, desk } = openDesk([serve]);
    const session = sessions.open('s');
    const end = { ...chat, metadata: { 'mesh-stream-end': 'E0000000500' } };
    await session.push(new Uint8Array(0), end);
    await session.push(new Uint8Array(0), end);
    expect(desk.stats()).toEqual({ atWork: 0, waiting: 0 });
    await session.push(bytes('1'), chat);
    await eventually('the message is read', () => seen.length === 1);
    expect(seen).toEqual(['1']);
  });

  it('warns when a sender cannot be told', async () => {
    logged('error');
    const warned = logged('warn');
    const serve = handlerOf({ timeoutMs: 20 }, () => throwError(() => new Error('boom')));
    const { sessions, desk } = openDesk([serve]);
    const session = sessions.open('s');
    for (let i = 0; i < 8; i++) await session.push(bytes('x'), reply);
    await session.push(bytes('1'), chat);
    await eventually('it is over', () => desk.stats().atWork === 0 && warned.length === 1);
    expect(warned[0]?.[0]).toContain('its sender does not learn that it ended with E0000000500');
  });
});

describe('a desk that is closed', () => {
  it('ends what is at work, and begins nothing any more', async () => {
    const given: ReceivedMessage[] = [];
    const serve = handlerOf({}, (inbound) => {
      inbound.subscribe((message) => given.push(message));
      return NEVER;
    });
    const { sessions, desk, store } = openDesk([serve], { maxStreams: 1 });
    for (const id of ['1', '2']) await sessions.open(id).push(bytes(id), chat);
    await eventually('the first is handed out', () => given.length === 1);
    await Promise.all([desk.close(), desk.close()]);
    expect(desk.stats()).toEqual({ atWork: 0, waiting: 0 });
    expect(store.stats()).toMatchObject({ messages: 2, waiting: 0 });
    await sessions.open('3').push(bytes('3'), chat);
    await sessions.open('1').push(bytes('3'), chat);
    expect(desk.stats()).toEqual({ atWork: 0, waiting: 0 });
    expect(given).toHaveLength(1);
  });

  it('does not wait for a handler that does not return', async () => {
    let context: MeshContext | undefined;
    const serve = handlerOf({}, (_inbound, own) => {
      context = own;
      return new Promise(() => undefined);
    });
    const { sessions, desk } = openDesk([serve], { drainTimeoutMs: 60_000 });
    await sessions.open('s').push(bytes('1'), chat);
    await eventually('it is at work', () => context !== undefined);
    await desk.close();
    expect(context?.cancellation.reason?.code).toBe(MeshCode.UNREACHABLE);
  });

  it('does not wait for room to tell a sender of an end', async () => {
    const serve = handlerOf({ timeoutMs: 60_000 }, () => of());
    const { sessions, desk, store } = openDesk([serve], { drainTimeoutMs: 60_000 });
    logged('warn');
    const session = sessions.open('s');
    for (let i = 0; i < 8; i++) await session.push(bytes('x'), reply);
    await session.push(bytes('1'), chat);
    await eventually('the end waits for room', () => store.stats().waiting === 0 && desk.stats().atWork === 1);
    await desk.close();
    expect(desk.stats().atWork).toBe(0);
  });
});

describe('the readers of a stream', () => {
  it('are complete when it has ended, those to come as well', async () => {
    let late: (() => void) | undefined;
    const ends = vi.fn<(reader: string) => void>();
    const serve = handlerOf({}, (inbound) => {
      inbound.subscribe({ complete: () => ends('first') });
      late = () => void inbound.subscribe({ complete: () => ends('late') });
      return of(bytes('done'));
    });
    const { sessions, desk } = openDesk([serve]);
    const session = sessions.open('s');
    await session.push(bytes('1'), chat);
    await eventually('it has ended', () => late !== undefined && desk.stats().atWork === 0);
    late?.();
    expect(ends.mock.calls).toEqual([['first'], ['late']]);
    expect(text(await session.pop(chat))).toBe('1');
  });

  it('keep a stream that answers nothing, each of them', async () => {
    const [one, two] = [new Subject<void>(), new Subject<void>()];
    const serve = handlerOf({}, async (inbound) => {
      const subscription = inbound.subscribe((message) => message.take());
      one.subscribe(() => subscription.unsubscribe());
      await new Promise((resolve) => setTimeout(resolve, 1));
      const other = inbound.subscribe((message) => message.take());
      two.subscribe(() => other.unsubscribe());
    });
    const { sessions, desk, store } = openDesk([serve]);
    await sessions.open('s').push(bytes('1'), chat);
    await eventually('both read', () => two.observed && store.stats().waiting === 2);
    one.next();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(desk.stats().atWork).toBe(1);
    two.next();
    await eventually('it has ended', () => desk.stats().atWork === 0);
  });

  it('do not see what fails after the handler answered nothing; the sender does', async () => {
    logged();
    const serve = handlerOf({}, (inbound) => {
      inbound.subscribe((message) => message.take());
    });
    const { sessions } = openDesk([serve]);
    const session = sessions.open('s');
    await session.push(bytes('1'), chat);
    await session.push(new Uint8Array(0), { ...chat, metadata: { 'mesh-stream-end': 'E0000000403' } });
    expect((await caught(session.pop(reply))).code).toBe(MeshCode.FORBIDDEN);
  });
});

function contextInit() {
  const party = { nodeId: '', instId: '' };
  return {
    spanId: '0',
    urn: '',
    service: '',
    runMode: 1,
    source: party,
    target: party,
    attachments: {},
    deadline: Date.now() + 5_000,
    cancellation: new Cancellation(),
  };
}
