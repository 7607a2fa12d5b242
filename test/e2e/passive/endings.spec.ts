import { Controller, ForbiddenException } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import {
  catchError,
  concatMap,
  lastValueFrom,
  map,
  NEVER,
  type Observable,
  of,
  take,
  tap,
  throwError,
  toArray,
} from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import {
  MeshCode,
  type MeshContext,
  type MeshError,
  MeshServer,
  MeshSession,
  type ReceivedMessage,
  SessionStream,
} from 'nestjs-mesh';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import { bytes, chat, errors, type Inbound, reply, start, text, texts } from '../../support/stream-apps.js';

describe('the end of a stream', () => {
  it('is told when the handler is done, and another begins with the next message', async () => {
    @Controller()
    class Twice {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        return texts(inbound).pipe(take(2), map(bytes));
      }
    }
    const { open } = await start(Twice);
    await using session = open('s');
    for (const round of ['1', '2']) {
      const heard = lastValueFrom(texts(session.messages(reply)).pipe(toArray()));
      await session.push(bytes(`a${round}`), chat);
      await session.push(bytes(`b${round}`), chat);
      expect(await heard).toEqual([`a${round}`, `b${round}`]);
    }
  });

  it('is told with its code when the handler fails, which is logged once', async () => {
    const logged = errors();
    @Controller()
    class Failing {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        return texts(inbound).pipe(
          concatMap((said) =>
            said === 'bad' ? throwError(() => new ForbiddenException('not that')) : of(bytes(said)),
          ),
        );
      }
    }
    const { local } = await start(Failing);
    await using session = local.open('s\n1');
    const seen: string[] = [];
    const ended = caught(lastValueFrom(texts(session.messages(reply)).pipe(tap((said) => seen.push(said)))));
    for (const one of ['1', '2', 'bad']) await session.push(bytes(one), chat);
    expect(await ended).toMatchObject({ code: MeshCode.FORBIDDEN, message: 'not that' });
    expect(seen).toEqual(['1', '2']);
    expect(logged).toHaveLength(1);
    expect(logged[0]?.[0]).toBe(
      'Failing.chat: the stream of session "s\\n1", topic "chat", ended with E0000000403: not that',
    );
  });

  it('is what pop and for await learn, too', async () => {
    errors();
    @Controller()
    class Ending {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      async chat(@SessionStream() inbound: Inbound): Promise<Observable<Uint8Array>> {
        return texts(inbound).pipe(
          take(1),
          map((said) => {
            if (said === 'bad') throw new Error('boom');
            return bytes(said);
          }),
        );
      }
    }
    const { open } = await start(Ending);
    await using session = open('s');
    await session.push(bytes('1'), chat);
    expect(text((await session.pop(reply))!)).toBe('1');
    expect(await session.pop({ ...reply, timeoutMs: 10_000 })).toBeUndefined();
    await session.push(bytes('bad'), chat);
    expect(await caught(session.pop(reply))).toMatchObject({ code: MeshCode.SYSTEM_ERROR, message: 'boom' });

    await session.push(bytes('2'), chat);
    const seen: string[] = [];
    for await (const message of session.stream(reply)) seen.push(text(message.payload));
    expect(seen).toEqual(['2']);
    await session.push(bytes('bad'), chat);
    const reading = async () => {
      for await (const message of session.stream(reply)) message.take();
    };
    expect(await caught(reading())).toMatchObject({ code: MeshCode.SYSTEM_ERROR });
  });

  it('comes with the release of the session, and of the topic', async () => {
    const ends: string[] = [];
    @Controller()
    class Summing {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        return texts(inbound).pipe(
          tap({ complete: () => ends.push('complete') }),
          toArray(),
          map((all) => bytes(all.join('+'))),
        );
      }
    }
    const { open, runtime } = await start(Summing);
    const session = open('s');
    await session.push(bytes('1'), chat);
    await session.push(bytes('2'), chat);
    await eventually('both are taken', () => runtime.sessions.store.stats().messages === 0);
    await session.release(chat);
    expect(text((await session.pop(reply))!)).toBe('1+2');
    expect(await session.pop(reply)).toBeUndefined();

    await session.push(bytes('3'), chat);
    await eventually('it is taken', () => runtime.sessions.store.stats().messages === 0);
    await session.release();
    await eventually('the stream has ended', () => ends.length === 2);
    expect(await session.pop({ ...reply, timeoutMs: 20 })).toBeUndefined();
  });

  it('comes when nothing happens for as long as a session lives', async () => {
    const ended = vi.fn<() => void>();
    @Controller()
    class Waiting {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        inbound.subscribe({ next: (message) => message.take(), complete: ended });
        return NEVER;
      }
    }
    const { open, runtime } = await start(Waiting, { sessions: { idleTimeoutMs: 100 } });
    const session = open('s');
    await session.push(bytes('1'), chat);
    await eventually('the stream ends', () => ended.mock.calls.length === 1);
    expect((await caught(session.pop(reply))).code).toBe(MeshCode.SESSION_RELEASED);
    await eventually('the session expires', () => runtime.sessions.store.stats().sessions === 0);
  });

  it('comes with the end of the application, which gives back what was not taken', async () => {
    const ended = vi.fn<(reason: unknown) => void>();
    const given: ReceivedMessage[] = [];
    @Controller()
    class Slow {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(@SessionStream() inbound: Inbound, @Ctx() { cancellation }: MeshContext): Observable<Uint8Array> {
        inbound.subscribe({ next: (message) => given.push(message), complete: () => ended(cancellation.reason) });
        return NEVER;
      }
    }
    const { app, open, local, runtime } = await start(Slow);
    await open('s').push(bytes('1'), chat);
    await eventually('it is handed out', () => given.length === 1);
    await app.get(MeshServer).close();
    expect(ended.mock.calls).toMatchObject([[{ code: MeshCode.UNREACHABLE }]]);
    expect(runtime.sessions.store.stats()).toMatchObject({ messages: 1, waiting: 0 });
    expect(() => given[0]?.payload).toThrow('went back');
    expect(text((await local.open('s').pop(chat))!)).toBe('1');
  });
});

describe('a failure of the sender', () => {
  const failure = { metadata: { 'mesh-stream-end': 'E0000000403', 'mesh-stream-message': 'no more' }, topic: 'chat' };

  it('is that of what the handler reads', async () => {
    const logged = errors();
    @Controller()
    class Patient {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        return texts(inbound).pipe(
          map(bytes),
          catchError((error: MeshError) => of(bytes(`${error.code} ${error.message}`))),
        );
      }
    }
    const { open } = await start(Patient);
    await using session = open('s');
    await session.push(bytes('1'), chat);
    await session.push(new Uint8Array(0), failure);
    expect(await lastValueFrom(texts(session.messages(reply)).pipe(toArray()))).toEqual(['1', 'E0000000403 no more']);
    expect(logged).toEqual([]);
  });

  it('ends a stream that answers nothing, and nothing else', async () => {
    const logged = errors();
    const ended = vi.fn<(reason: unknown) => void>();
    @Controller()
    class Careless {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(@SessionStream() inbound: Inbound, @Ctx() { cancellation }: MeshContext): void {
        cancellation.onCancel(ended);
        inbound.subscribe((message) => message.take());
      }
    }
    const { open } = await start(Careless);
    await using session = open('s');
    await session.push(bytes('1'), chat);
    await session.push(new Uint8Array(0), failure);
    expect((await caught(session.pop(reply))).code).toBe(MeshCode.FORBIDDEN);
    expect(ended.mock.calls).toMatchObject([[{ code: MeshCode.FORBIDDEN }]]);
    expect(logged).toHaveLength(1);
  });
});
