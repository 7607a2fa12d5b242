import { Controller, Injectable } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { concatMap, lastValueFrom, map, type Observable, take, toArray } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import {
  MeshCode,
  MeshConsumer,
  MeshContext,
  MeshFacade,
  MeshProvider,
  type MeshService,
  MeshSession,
  MeshSessions,
  Mpi,
  SessionStream,
} from 'nestjs-mesh';
import { eventually } from '../../support/eventually.js';
import { startApp } from '../../support/mesh-app.js';
import { bytes, chat, Echo, type Inbound, reply, start, text, texts } from '../../support/stream-apps.js';

describe('a handler of streams', () => {
  it.each(['here', 'over gRPC'])('answers every message, in order, %s', async (where) => {
    const { local, open } = await start(Echo);
    await using session = where === 'here' ? local.open('s') : open('s');
    const said = Array.from({ length: where === 'here' ? 1_000 : 100 }, (_, index) => `m${index}`);
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

  it('continues the trace in the calls that it makes, and ends them with the stream', async () => {
    const ends: unknown[] = [];
    @MeshFacade()
    class Below {
      @Mpi('mesh.below.look', []) look!: () => Promise<string>;
      @Mpi('mesh.below.wait', []) wait!: () => Promise<string>;
    }
    @MeshProvider(Below)
    class BelowController implements MeshService<Below> {
      look(): string {
        const context = MeshContext.current();
        return `${context?.traceId} ${context?.spanId} ${context?.sessionId}`;
      }
      wait(): Promise<string> {
        return new Promise((_resolve, reject) => MeshContext.current()?.cancellation.onCancel(reject));
      }
    }
    @Controller()
    class Calling {
      constructor(@MeshConsumer(Below) private readonly below: Below) {}
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        this.below.wait().catch((error: unknown) => ends.push(error));
        return inbound.pipe(
          concatMap((message) => (message.take(), this.below.look())),
          take(1),
          map(bytes),
        );
      }
    }
    const { app } = await startApp({ controllers: [Calling, BelowController], facades: [Below] });
    await using session = app.get(MeshSessions).open('s', { traceId: 'T1' });
    await session.push(bytes('1'), chat);
    expect(text((await session.pop(reply))!)).toBe('T1 0.2 s');
    await eventually('the call that waits is cancelled', () => ends.length === 1);
    expect(ends).toMatchObject([{ code: MeshCode.CANCELLED }]);
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
