import { Controller } from '@nestjs/common';
import { concatMap, delay, interval, lastValueFrom, map, type Observable, take, tap, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { MeshCode, MeshSession, type ReceivedMessage, SessionStream } from 'nestjs-mesh';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import { bytes, chat, errors, type Inbound, reply, start, text, texts } from '../../support/stream-apps.js';

describe('bounds', () => {
  it('leave messages in the queue when the handler is slow, so that pushes wait or fail', async () => {
    const held: ReceivedMessage[] = [];
    @Controller()
    class Slow {
      @MeshSession({ topic: 'chat', prefetch: 2 })
      chat(@SessionStream() inbound: Inbound): void {
        inbound.subscribe((message) => held.push(message));
      }
    }
    const sessions = { maxQueueMessages: 5, whenFull: 'fail' } as const;
    const { open } = await start(Slow, { sessions });
    await using session = open('s');
    for (let i = 0; i < 5; i++) await session.push(bytes(`${i}`), chat);
    expect((await caught(session.push(bytes('6'), chat))).code).toBe(MeshCode.BUFFER_FULL);
    expect(held.length).toBe(2);
    held[0]?.take();
    await session.push(bytes('6'), chat);
  });

  it('let a push wait for a handler that is slow', async () => {
    const gates: (() => void)[] = [];
    @Controller()
    class Gated {
      @MeshSession({ topic: 'chat', replyTopic: 'reply', prefetch: 1 })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        return inbound.pipe(
          concatMap(async (message) => {
            await new Promise<void>((resolve) => gates.push(resolve));
            return message.payload;
          }),
        );
      }
    }
    const { open, runtime } = await start(Gated, { sessions: { maxQueueMessages: 2, whenFull: 'wait' } });
    await using session = open('s');
    const accepted: number[] = [];
    const pushes = [1, 2, 3, 4].map(async (nth) => {
      await session.push(Uint8Array.of(nth), chat);
      accepted.push(nth);
    });
    await eventually(
      'two are accepted, and the handler has the first',
      () => accepted.length === 2 && gates.length === 1,
    );
    expect(runtime.sessions.store.stats()).toMatchObject({ messages: 2 });
    gates[0]?.();
    await eventually('a third is', () => accepted.length === 3);
    for (let nth = 1; nth < 4; nth++) {
      await eventually('the handler has the next', () => gates.length === nth + 1);
      gates[nth]?.();
    }
    await Promise.all(pushes);
    const answers = lastValueFrom(
      session.messages(reply).pipe(
        map(({ payload }) => payload[0]),
        take(4),
        toArray(),
      ),
    );
    expect(await answers).toEqual([1, 2, 3, 4]);
  });

  it('end a stream with E0000000700 that answers faster than its sender reads', async () => {
    errors();
    @Controller()
    class Fast {
      @MeshSession({ topic: 'chat', replyTopic: 'reply', maxMessages: 10 })
      chat(): Observable<Uint8Array> {
        return interval(0).pipe(
          take(100),
          map((index) => bytes(`${index}`)),
        );
      }
    }
    const { open } = await start(Fast, { sessions: { maxQueueMessages: 5 } });
    await using session = open('s');
    await session.push(bytes('go'), chat);
    const logged = errors();
    await eventually('the stream fails', () => logged.length === 1);
    expect(logged[0]?.[0]).toContain(MeshCode.BUFFER_FULL);
    const heard: string[] = [];
    const reading = lastValueFrom(texts(session.messages(reply)).pipe(tap((said) => heard.push(said))));
    expect((await caught(reading)).code).toBe(MeshCode.BUFFER_FULL);
    expect(heard.slice(0, 5)).toEqual(['0', '1', '2', '3', '4']);
  });

  it('let so many streams work at a time, and the others after them', async () => {
    let atWork = 0;
    let most = 0;
    @Controller()
    class One {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        most = Math.max(most, ++atWork);
        return texts(inbound).pipe(take(1), delay(2), map(bytes), tap({ complete: () => atWork-- }));
      }
    }
    const { open } = await start(One, { sessions: { maxStreams: 3 } });
    const all = Array.from({ length: 50 }, (_, index) => open(`s${index}`));
    await Promise.all(all.map((session, index) => session.push(bytes(`${index}`), chat)));
    for (const [index, session] of all.entries()) expect(text((await session.pop(reply))!)).toBe(`${index}`);
    expect(most).toBe(3);
  });
});
