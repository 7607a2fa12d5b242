import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Injectable,
  type INestApplication,
  type NestInterceptor,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx } from '@nestjs/microservices';
import { lastValueFrom, map, Observable, of, take, toArray } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  getMeshSessionsToken,
  MeshCode,
  MeshContext,
  meshMicroservice,
  MeshModule,
  MeshServer,
  MeshSession,
  MeshSessions,
  type ReceivedMessage,
  SessionStream,
} from 'nestjs-mesh';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import { startApp, testModule } from '../../support/mesh-app.js';
import { bytes, chat, Echo, errors, type Inbound, reply, start, text, texts } from '../../support/stream-apps.js';

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

  it('makes a controller of the scope of requests anew for each stream', async () => {
    let made = 0;
    @Controller({ scope: Scope.REQUEST })
    class Scoped {
      private readonly nth = ++made;
      @MeshSession({ topic: 'chat', replyTopic: 'reply' })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        return texts(inbound).pipe(
          take(2),
          map((said) => bytes(`${said} ${this.nth}`)),
        );
      }
    }
    const { open } = await start(Scoped);
    await using session = open('s');
    for (const said of ['a', 'b']) await session.push(bytes(said), chat);
    expect(await lastValueFrom(texts(session.messages(reply)).pipe(toArray()))).toEqual(['a 1', 'b 1']);
    for (const said of ['c', 'd']) await session.push(bytes(said), chat);
    expect(await lastValueFrom(texts(session.messages(reply)).pipe(toArray()))).toEqual(['c 2', 'd 2']);
  });

  it('tells the hooks of processing when a stream begins and ends', async () => {
    const seen: string[] = [];
    const { app } = await startApp({ controllers: [Echo] }, (created) => {
      const server = created.get(MeshServer);
      server.setOnProcessingStartHook((_transport, context, done) => {
        seen.push(`begin ${(context as MeshContext).sessionId}`);
        return done();
      });
      server.setOnProcessingEndHook((_transport, context) => seen.push(`end ${(context as MeshContext).sessionId}`));
    });
    const session = app.get(MeshSessions).open('s');
    await session.push(bytes('1'), chat);
    expect(text((await session.pop(reply))!)).toBe('echo 1');
    expect(seen).toEqual(['begin s']);
    await session.release(chat);
    expect(await session.pop(reply)).toBeUndefined();
    expect(seen).toEqual(['begin s', 'end s']);
    await session.push(bytes('2'), chat);
    expect(text((await session.pop(reply))!)).toBe('echo 2');
    await session.release();
    await eventually('the second has ended', () => seen.length === 4);
  });

  it('serves each mesh of the application by its own handlers', async () => {
    @Controller()
    class Inner {
      @MeshSession({ topic: 'chat', replyTopic: 'reply', mesh: 'inner' })
      chat(@SessionStream() inbound: Inbound): Observable<Uint8Array> {
        return texts(inbound).pipe(map((said) => bytes(`inner ${said}`)));
      }
    }
    const listen = { host: '127.0.0.1', port: 0 };
    const root = testModule({ controllers: [Echo, Inner], imports: [MeshModule.forRoot({ mesh: 'inner', listen })] });
    const app: INestApplication = await NestFactory.create(root, { logger: false, abortOnError: false });
    onTestFinished(() => app.close());
    app.connectMicroservice(meshMicroservice());
    app.connectMicroservice(meshMicroservice('inner'));
    await app.startAllMicroservices();
    await app.init();
    for (const [mesh, answer] of [[undefined, 'echo 1'] as const, ['inner', 'inner 1'] as const]) {
      const session = app.get<MeshSessions>(getMeshSessionsToken(mesh)).open('s');
      await session.push(bytes('1'), chat);
      expect(text((await session.pop(reply))!)).toBe(answer);
    }
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
