import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  type INestApplication,
  Logger,
  type NestInterceptor,
  type Type,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx } from '@nestjs/microservices';
import {
  catchError,
  concatMap,
  delay,
  from,
  ignoreElements,
  interval,
  lastValueFrom,
  map,
  NEVER,
  Observable,
  of,
  take,
  tap,
  toArray,
  throwError,
} from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  MeshCode,
  MeshContext,
  MeshError,
  meshMicroservice,
  type MeshOptions,
  MeshServer,
  MeshSession,
  MeshSessions,
  type ReceivedMessage,
  SessionStream,
} from 'nestjs-mesh';
import { MeshRuntime } from '../../lib/mesh.runtime.js';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { createApp, startApp, testModule } from '../support/mesh-app.js';
import { startRelay } from '../support/relay.js';

type Inbound = Observable<ReceivedMessage>;

const text = (payload: Uint8Array): string => Buffer.from(payload).toString();
const bytes = (value: string): Uint8Array => Buffer.from(value);
const texts = (inbound: Inbound): Observable<string> => inbound.pipe(map((message) => text(message.payload)));
const reply = { topic: 'reply' };
const chat = { topic: 'chat' };

/** An application with one controller, and a session of it as somebody else uses it: over gRPC, through real sockets. */
async function start(controller: Type, options: MeshOptions = {}, providers: readonly Type[] = []) {
  const app = await startApp({ controllers: [controller], options, providers });
  const sessions = app.app.get(MeshSessions);
  const open = (id: string) => sessions.open(id, { node: { address: app.address } });
  return { ...app, local: sessions, open, runtime: app.app.get(MeshRuntime) };
}

/** What is logged as an error. */
function errors(): unknown[][] {
  const spy = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  onTestFinished(() => spy.mockRestore());
  return spy.mock.calls;
}

@Controller()
class Echo {
  @MeshSession({ topic: 'chat', replyTopic: 'reply' })
  chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
    return texts(inbound).pipe(map((said) => bytes(`echo ${said}`)));
  }
}

describe('a handler of streams', () => {
  it('answers every message, in order', async () => {
    const { open } = await start(Echo);
    await using session = open('s');
    const said = Array.from({ length: 1_000 }, (_, index) => `m${index}`);
    const heard = lastValueFrom(texts(session.messages(reply)).pipe(take(said.length), toArray()));
    for (const one of said) await session.push(bytes(one), chat);
    expect(await heard).toEqual(said.map((one) => `echo ${one}`));
  });

  it('has a stream of its own for each session', async () => {
    const calls = vi.fn<(session: string | undefined) => void>();
    @Controller()
    class Counting {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(@SessionStream() inbound: Inbound, @Ctx() context: MeshContext): Observable<Uint8Array> {
        calls(context.sessionId);
        let count = 0;
        return texts(inbound).pipe(map((said) => bytes(`${context.sessionId} ${said} ${++count}`)));
      }
    }
    const { open } = await start(Counting);
    await using a = open('a');
    await using b = open('b');
    for (const one of ['1', '2']) {
      await a.push(bytes(one), chat);
      await b.push(bytes(one), chat);
    }
    const three = (session: typeof a) => lastValueFrom(texts(session.messages(reply)).pipe(take(2), toArray()));
    expect(await three(a)).toEqual(['a 1 1', 'a 2 2']);
    expect(await three(b)).toEqual(['b 1 1', 'b 2 2']);
    expect(calls.mock.calls).toEqual([['a'], ['b']]);
  });

  it('serves the topics of a prefix, and a topic of its own before them', async () => {
    @Controller()
    class Rooms {
      @MeshSession({ topic: 'chat/*', replyTopic: 'reply' })
      any(@SessionStream() inbound: Inbound, @Ctx() { topic }: MeshContext): Observable<Uint8Array> {
        return texts(inbound).pipe(map((said) => bytes(`${topic}: ${said}`)));
      }
      @MeshSession({ topic: 'chat/lobby', replyTopic: 'reply' })
      lobby(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        return texts(inbound).pipe(map((said) => bytes(`lobby: ${said}`)));
      }
    }
    const { open } = await start(Rooms);
    await using session = open('s');
    await session.push(bytes('1'), { topic: 'chat/kitchen' });
    expect(text((await session.pop(reply))!)).toBe('chat/kitchen: 1');
    await session.push(bytes('2'), { topic: 'chat/lobby' });
    expect(text((await session.pop(reply))!)).toBe('lobby: 2');
    await session.push(bytes('3'), { topic: 'chats' });
    expect(text((await session.pop({ topic: 'chats' }))!)).toBe('3');
  });

  it('gets and gives messages in packets, as the reference SDK sends them', async () => {
    @Controller()
    class Packets {
      @MeshSession({ topic: 'chat', replyTopic: 'reply', splitting: { packetBytes: 10 } })
      chat(@SessionStream() inbound: Inbound, @Ctx() { topic }: MeshContext): Observable<Uint8Array> {
        return texts(inbound).pipe(
          take(2),
          map((said) => bytes(`${topic}: ${said}`)),
        );
      }
    }
    const { local, address, runtime } = await start(Packets);
    await using session = local.open('s', { node: { address }, splitting: { packetBytes: 8 } });
    const heard = lastValueFrom(texts(session.messages(reply)).pipe(toArray()));
    await session.push(bytes('a'.repeat(25)), chat);
    await session.push(bytes('b'.repeat(25)), chat);
    expect(await heard).toEqual([`chat: ${'a'.repeat(25)}`, `chat: ${'b'.repeat(25)}`]);
    await eventually('nothing is left', () => runtime.sessions.store.stats().messages === 0);
  });

  it('has the context of the push that begins the stream, injected below as well', async () => {
    const seen: (MeshContext | undefined)[] = [];
    @Injectable()
    class Below {
      constructor(private readonly context: MeshContext) {}
      look(): void {
        expect(this.context.token).toBe('secret');
        seen.push(MeshContext.current());
      }
    }
    @Controller()
    class Looking {
      constructor(private readonly below: Below) {}
      @MeshSession({ topic: 'chat' })
      async chat(@SessionStream() inbound: Inbound, @Ctx() context: MeshContext): Promise<void> {
        expect(context).toMatchObject({ traceId: 'T1', sessionId: 's', topic: 'chat', token: 'secret' });
        expect(context).toMatchObject({ deadline: Infinity, source: { nodeId: 'LX0000000000000' } });
        inbound.subscribe(() => this.below.look());
      }
    }
    Reflect.defineMetadata('design:paramtypes', [Below], Looking);
    Reflect.defineMetadata('design:paramtypes', [MeshContext], Below);
    Injectable()(Below);
    const app = await startApp({ controllers: [Looking], providers: [Below] });
    const node = { address: app.address };
    const session = app.app.get(MeshSessions).open('s', { node, token: 'secret', traceId: 'T1' });
    await session.push(bytes('1'), chat);
    await eventually('the message is seen', () => seen.length === 1);
    const [context] = seen;
    expect(context?.cancellation.reason).toBeUndefined();
    await session.release();
    await eventually('the stream ends', () => context?.cancellation.reason !== undefined);
    expect(context?.traceId).toBe('T1');
  });

  it('answers out of an AsyncIterable, whose next answer is asked for as it can be pushed', async () => {
    let made = 0;
    @Controller()
    class Counting {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      async *chat(): AsyncGenerator<Uint8Array> {
        for (; made < 10_000; made++) yield bytes(String(made));
      }
    }
    const { open } = await start(Counting, { sessions: { maxQueueMessages: 4 } });
    await using session = open('s');
    await session.push(bytes('go'), chat);
    await eventually('the queue is full', () => made === 4);
    for (let expected = 0; expected < 100; expected++) expect(text((await session.pop(reply))!)).toBe(`${expected}`);
    expect(made).toBeLessThan(110);
  });

  it('reads without answering', async () => {
    const heard: string[] = [];
    @Controller()
    class Silent {
      @MeshSession({ topic: 'chat' })
      chat(@SessionStream() inbound: Inbound): void {
        texts(inbound)
          .pipe(take(2))
          .subscribe((said) => heard.push(said));
      }
    }
    const { local } = await start(Silent);
    await using session = local.open('s');
    await Promise.all(['1', '2', '3'].map((one) => session.push(bytes(one), chat)));
    await eventually('what it takes is there', () => heard.length === 2);
    // The stream is over; what is left stays, and begins none.
    expect(text((await session.peek(chat))!)).toBe('3');
    await session.push(bytes('4'), chat);
    await eventually('a second stream takes the rest', () => heard.length === 4);
    expect(heard).toEqual(['1', '2', '3', '4']);
    expect(await session.pop({ topic: 'chat', timeoutMs: 0 })).toBeUndefined();
  });
});

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

describe('the pipeline of Nest', () => {
  it('refuses with a guard, and the sender learns it', async () => {
    errors();
    @Injectable()
    class Closed implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        expect(context.switchToRpc().getContext()).toBeInstanceOf(MeshContext);
        return context.switchToRpc().getContext<MeshContext>().token === 'golden';
      }
    }
    @Controller()
    @UseGuards(Closed)
    class Guarded extends Echo {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      override chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        return super.chat(inbound);
      }
    }
    const { open, local, address } = await start(Guarded);
    const session = open('s');
    await session.push(bytes('1'), chat);
    expect((await caught(session.pop(reply))).code).toBe(MeshCode.FORBIDDEN);
    const golden = local.open('s', { node: { address }, token: 'golden' });
    await golden.push(bytes('2'), chat);
    expect(text((await golden.pop(reply))!)).toBe('echo 1');
    expect(text((await golden.pop(reply))!)).toBe('echo 2');
  });

  it('shows the stream to interceptors and pipes, once', async () => {
    const calls: string[] = [];
    class Loud implements NestInterceptor {
      intercept(context: ExecutionContext, next: CallHandler<Uint8Array>): Observable<Uint8Array> {
        calls.push('interceptor');
        expect(context.switchToRpc().getData()).toBeInstanceOf(Observable);
        return next.handle().pipe(map((said) => bytes(text(said).toUpperCase())));
      }
    }
    class Plain {
      transform(value: Observable<ReceivedMessage>): Observable<string> {
        calls.push('pipe');
        return texts(value);
      }
    }
    @Controller()
    class Piped {
      @UseInterceptors(Loud)
      @UsePipes(new ValidationPipe({ transform: true }))
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(@Ctx() context: MeshContext, @SessionStream(Plain) said: Observable<string>): Observable<Uint8Array> {
        expect(context).toBe(MeshContext.current());
        return said.pipe(map(bytes));
      }
    }
    const { open } = await start(Piped);
    await using session = open('s');
    for (const one of ['a', 'b']) await session.push(bytes(one), chat);
    expect(text((await session.pop(reply))!)).toBe('A');
    expect(text((await session.pop(reply))!)).toBe('B');
    expect(calls).toEqual(['interceptor', 'pipe']);
  });

  it('keeps a silent handler silent behind an interceptor', async () => {
    const heard: string[] = [];
    class Through implements NestInterceptor {
      intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
        return next.handle();
      }
    }
    @Controller()
    class Silent {
      @UseInterceptors(Through)
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(@SessionStream() inbound: Inbound): void {
        texts(inbound)
          .pipe(take(2))
          .subscribe((said) => heard.push(said));
      }
    }
    const { open, runtime } = await start(Silent);
    await using session = open('s');
    await session.push(bytes('1'), chat);
    await session.push(bytes('2'), chat);
    await eventually('both are read', () => heard.length === 2);
    await eventually('nothing is left', () => runtime.sessions.store.stats().messages === 0);
    expect(await session.peek(reply)).toBeUndefined();
  });

  it('asks exception filters what to answer', async () => {
    @Catch(RangeError)
    class Sorry implements ExceptionFilter {
      catch(error: RangeError, _host: ArgumentsHost): Observable<Uint8Array> {
        return of(bytes(`sorry: ${error.message}`));
      }
    }
    @Controller()
    @UseFilters(Sorry)
    class Failing {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        return texts(inbound).pipe(
          map((said) => {
            throw new RangeError(said);
          }),
        );
      }
    }
    const { open } = await start(Failing);
    await using session = open('s');
    await session.push(bytes('1'), chat);
    expect(text((await session.pop(reply))!)).toBe('sorry: 1');
    expect(await session.pop(reply)).toBeUndefined();
  });

  it('works in a hybrid application', async () => {
    class HybridModule {}
    const root = { ...testModule({ controllers: [Echo] }), module: HybridModule };
    const app: INestApplication = await NestFactory.create(root, { logger: false, abortOnError: false });
    onTestFinished(() => app.close());
    app.connectMicroservice(meshMicroservice());
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    const node = { address: app.get(MeshServer).addresses[0]! };
    await using session = app.get(MeshSessions).open('s', { node });
    await session.push(bytes('1'), chat);
    expect(text((await session.pop(reply))!)).toBe('echo 1');
  });
});

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

describe('a sender at another node', () => {
  const A = { nodeId: 'LX0000010000010', instId: 'JG0100000100000000' };
  const B = { nodeId: 'LX0000010000020', instId: 'JG0100000200000000' };

  /** Two nodes that know each other. */
  async function pair(atA: readonly Type[], atB: readonly Type[]) {
    const addresses: string[] = [];
    const toA = await startRelay(() => addresses[0]!);
    const toB = await startRelay(() => addresses[1]!);
    const a = await startApp({ controllers: atA, options: { ...A, partners: [{ ...B, address: toB.address }] } });
    const b = await startApp({ controllers: atB, options: { ...B, partners: [{ ...A, address: toA.address }] } });
    addresses.push(a.address, b.address);
    const session = a.app.get(MeshSessions).open('s', { targetNodeId: B.nodeId, traceId: 'T1' });
    return { a, b, session };
  }

  it('is answered at its own node, on the same topic', async () => {
    const contexts: MeshContext[] = [];
    @Controller()
    class Both {
      @MeshSession({ topic: 'chat' })
      chat(@SessionStream() inbound: Inbound, @Ctx() context: MeshContext): Observable<Uint8Array> {
        contexts.push(context);
        return texts(inbound).pipe(
          take(100),
          map((said) => bytes(`echo ${said}`)),
        );
      }
    }
    const { session } = await pair([], [Both]);
    const said = Array.from({ length: 100 }, (_, index) => `节点4发送给节点5报文${index}`);
    const heard = lastValueFrom(texts(session.messages(chat)).pipe(toArray()));
    await lastValueFrom(from(said.map(bytes)).pipe(session.pushTo(chat)));
    expect(await heard).toEqual(said.map((one) => `echo ${one}`));
    expect(contexts).toHaveLength(1);
    expect(contexts[0]).toMatchObject({ source: A, target: { nodeId: B.nodeId }, traceId: 'T1', sessionId: 's' });
  });

  it('learns why a stream ended, and that the application of the handler closes', async () => {
    errors();
    @Controller()
    class Strict {
      @MeshSession({ topic: 'chat' })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        return texts(inbound).pipe(
          map((said) => {
            if (said === 'bad') throw new MeshError(MeshCode.NOT_PERMITTED, '不可以');
            return bytes(said);
          }),
        );
      }
    }
    const { b, session } = await pair([], [Strict]);
    await session.push(bytes('bad'), chat);
    expect(await caught(session.pop(chat))).toMatchObject({ code: MeshCode.NOT_PERMITTED, message: '不可以' });
    await session.push(bytes('good'), chat);
    expect(text((await session.pop(chat))!)).toBe('good');
    const ended = caught(session.pop(chat));
    await b.app.close();
    expect(await ended).toMatchObject({ code: MeshCode.UNREACHABLE, message: 'the application closes' });
  });

  it('and a handler of the answers do not tell each other of their ends for ever', async () => {
    const calls: string[] = [];
    @Controller()
    class Asker {
      @MeshSession({ topic: 'chat' })
      heard(@SessionStream() inbound: Inbound): Observable<never> {
        calls.push('a');
        return inbound.pipe(
          tap((message) => message.take()),
          take(1),
          ignoreElements(),
        );
      }
    }
    @Controller()
    class Answerer {
      @MeshSession({ topic: 'chat' })
      asked(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        calls.push('b');
        return texts(inbound).pipe(take(1), map(bytes));
      }
    }
    const { a, b, session } = await pair([Asker], [Answerer]);
    for (let round = 1; round <= 3; round++) {
      await session.push(bytes('1'), chat);
      await eventually('both have had a stream', () => calls.length === 2 * round);
    }
    const waiting = () => [a, b].map(({ app }) => app.get(MeshRuntime).sessions.store.stats().waiting);
    await eventually('all streams are over', () => waiting().every((count) => count === 0));
    expect(calls).toEqual(['b', 'a', 'b', 'a', 'b', 'a']);
  });

  it('that nobody knows is told nothing, and the handler fails for it alone', async () => {
    const logged = errors();
    const { b } = await pair([], [Echo]);
    const { app } = await startApp({ options: { nodeId: 'LX0000010000030' } });
    const session = app.get(MeshSessions).open('s', { node: { address: b.address } });
    await session.push(bytes('1'), chat);
    await eventually('the stream fails', () => logged.length === 1);
    expect(logged[0]?.[0]).toContain(MeshCode.NOT_IN_NETWORK);
  });
});

describe('what is refused', () => {
  it('is a second handler of a topic', async () => {
    @Controller()
    class Other {
      @MeshSession({ topic: 'chat' })
      talk(): void {}
    }
    const app = await createApp({ controllers: [Echo, Other] });
    await expect(app.listen()).rejects.toThrow("the topic 'chat' has two handlers, Echo.chat and Other.talk");
  });

  it('is an option that is wrong', () => {
    const declare = (options: unknown) => () => MeshSession(options as { topic: string })(Echo.prototype, 'other', {});
    expect(declare({ topic: 'a', prefetch: 0 })).toThrow('@MeshSession of Echo.other.prefetch must be a whole number');
    expect(declare({ topic: 'a', replytopic: 'b' })).toThrow("did you mean 'replyTopic'?");
    expect(declare({ topic: 'a/*', splitting: {} })).toThrow('cannot have splitting for the prefix');
    expect(declare({})).toThrow('@MeshSession of Echo.other names no topic');
  });

  it('is a method that serves something else', () => {
    const method = Object.getOwnPropertyDescriptor(Echo.prototype, 'chat')!;
    expect(() => MeshSession({ topic: 'b' })(Echo.prototype, 'chat', method)).toThrow(
      "Echo.chat cannot handle the topic 'b': it serves '@MeshSession chat' already",
    );
  });

  it('is an answer that the handler would hear itself', async () => {
    const logged = errors();
    @Controller()
    class Deaf {
      @MeshSession({ topic: 'chat' })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        return texts(inbound).pipe(map(bytes));
      }
    }
    const { open, runtime } = await start(Deaf);
    await using session = open('s');
    await session.push(bytes('1'), chat);
    await eventually('the stream ends', () => logged.length === 1);
    expect(logged[0]?.[0]).toContain(MeshCode.INVALID_REQUEST);
    expect(logged[0]?.[0]).toContain("Deaf.chat would hear its own answer on the topic 'chat'");
    expect(runtime.sessions.store.stats().messages).toBe(0);
  });

  it('is an answer that is no bytes', async () => {
    errors();
    @Controller()
    class Wordy {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(): Observable<string> {
        return of('words');
      }
    }
    const { open } = await start(Wordy);
    await using session = open('s');
    await session.push(bytes('1'), chat);
    expect(await caught(session.pop(reply))).toMatchObject({
      code: MeshCode.INVALID_REQUEST,
      message: 'a handler of a stream answers with Uint8Array, got a value of type string',
    });
  });

  it('are senders of other implementations the end of a stream: they would see an empty message', async () => {
    @Controller()
    class Once {
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        return texts(inbound).pipe(take(1), map(bytes));
      }
    }
    const { address, open, runtime } = await start(Once);
    const pushed = await fetch(`http://${address}/v1/interconn/chan/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-ptp-session-id': 's' },
      body: JSON.stringify({ topic: 'chat', payload: Buffer.from('1').toString('base64') }),
    });
    expect(pushed.status).toBe(200);
    await using session = open('s');
    expect(text((await session.pop(reply))!)).toBe('1');
    await eventually('nothing is left', () => runtime.sessions.store.stats().messages === 0);
  });
});
