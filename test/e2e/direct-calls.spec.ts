import {
  type CanActivate,
  Catch,
  createParamDecorator,
  type ExceptionFilter,
  type INestMicroservice,
  Injectable,
  Logger,
  type NestInterceptor,
  type PipeTransform,
  type Provider,
  Scope,
  type Type,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { Ctx, Payload, RpcException } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  MeshClient,
  MeshCode,
  MeshContext,
  MeshFacade,
  meshMicroservice,
  MeshProvider,
  MeshServer,
  Mpi,
} from 'nestjs-mesh';
import { map, of, tap, throwError } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { caught } from '../support/caught.js';
import { startApp, testModule, type TestAppParts } from '../support/mesh-app.js';

@MeshFacade()
class Desk {
  @Mpi('mesh.desk.echo', ['text']) echo!: (text: string) => Promise<string>;
  @Mpi('mesh.desk.fail', ['text']) fail!: (text: string) => Promise<string>;
}

/** Who was asked, in order. */
const asked: string[] = [];

@Injectable()
class Guard implements CanActivate {
  canActivate(): boolean {
    asked.push('guard');
    return true;
  }
}

@Injectable()
class Pipe implements PipeTransform {
  transform(value: unknown): unknown {
    asked.push('pipe');
    return value;
  }
}

@Injectable()
class Interceptor implements NestInterceptor {
  intercept: NestInterceptor['intercept'] = (_, next) => next.handle().pipe(tap(() => asked.push('interceptor')));
}

@Catch(RangeError)
class Filter implements ExceptionFilter {
  catch(): unknown {
    asked.push('filter');
    return throwError(() => ({ code: MeshCode.NOT_FOUND, message: 'mapped' }));
  }
}

/** How deep in Nest's pipeline a method is called. */
const pipeline: string[] = [];

/** A class like this is made anew for each test, since decorators stay with a class. */
function deskOf(decorate: (desk: Type, prototype: object) => void = () => undefined): Type {
  class DeskController {
    echo(text: string): string {
      pipeline.splice(0, Infinity, ...(new Error('here').stack!.match(/rpc-proxy|rpc-context-creator/g) ?? []));
      return `echo ${text}`;
    }
    fail(): string {
      throw new RangeError('out of range');
    }
  }
  decorate(DeskController, DeskController.prototype);
  MeshProvider(Desk)(DeskController);
  return DeskController;
}

type Bind = (desk: Type, prototype: object) => void;

const onMethods =
  (bind: MethodDecorator): Bind =>
  (_, prototype) => {
    for (const name of ['echo', 'fail']) bind(prototype, name, Object.getOwnPropertyDescriptor(prototype, name)!);
  };

/** Calls both methods of a desk, and tells who was asked. */
async function askedAt(parts: TestAppParts, before?: (app: INestMicroservice) => void): Promise<readonly string[]> {
  asked.length = 0;
  const app = await startApp({ ...parts, facades: [Desk] }, before);
  const desk = app.client(Desk);
  expect(await desk.echo('x')).toBe('echo x');
  await caught(desk.fail('x'));
  return [...new Set(asked)];
}

const kinds = [
  ['guard', APP_GUARD, Guard, UseGuards(Guard), (app) => app.useGlobalGuards(new Guard())],
  ['pipe', APP_PIPE, Pipe, UsePipes(Pipe), (app) => app.useGlobalPipes(new Pipe())],
  [
    'interceptor',
    APP_INTERCEPTOR,
    Interceptor,
    UseInterceptors(Interceptor),
    (app) => app.useGlobalInterceptors(new Interceptor()),
  ],
  ['filter', APP_FILTER, Filter, UseFilters(Filter), (app) => app.useGlobalFilters(new Filter())],
] as const satisfies readonly (readonly [
  string,
  string,
  Type,
  ClassDecorator & MethodDecorator,
  (app: INestMicroservice) => void,
])[];

describe.each(kinds)('a %s', (kind, token, type, use, useGlobal) => {
  it('is asked when it is bound to the class', async () => {
    expect(await askedAt({ controllers: [deskOf((desk) => use(desk))] })).toEqual([kind]);
  });

  it('is asked when it is bound around the provider', async () => {
    const desk = deskOf();
    use(desk);
    expect(await askedAt({ controllers: [desk] })).toEqual([kind]);
  });

  it('is asked when it is bound to the method', async () => {
    expect(await askedAt({ controllers: [deskOf(onMethods(use))] })).toEqual([kind]);
  });

  it('is asked when it is bound globally by a provider, of any scope', async () => {
    const once: Provider = { provide: token, useClass: type };
    const eachTime: Provider = { provide: token, useClass: type, scope: Scope.REQUEST };
    expect(await askedAt({ controllers: [deskOf()], providers: [once] })).toEqual([kind]);
    // Nest has those of a request for controllers of a request only.
    await askedAt({ controllers: [deskOf()], providers: [eachTime] });
    expect(pipeline).not.toEqual([]);
  });

  it('is asked when it is bound globally before the application listens', async () => {
    expect(await askedAt({ controllers: [deskOf()] }, useGlobal)).toEqual([kind]);
  });
});

describe('a method', () => {
  it('is called directly when nothing is bound to it', async () => {
    expect(await askedAt({ controllers: [deskOf()] })).toEqual([]);
    expect(pipeline).toEqual([]);
  });

  it('has the pipes of its parameters', async () => {
    const bind: Bind = (_, prototype) => Payload('text', Pipe)(prototype, 'echo', 0);
    expect(await askedAt({ controllers: [deskOf(bind)] })).toEqual(['pipe']);
  });

  it('has parameters of the application, and the context, where they stand', async () => {
    const Shouted = createParamDecorator((_, host) => {
      asked.push('parameter');
      return host.switchToRpc().getData<{ text: string }>().text.toUpperCase();
    });
    @MeshProvider(Desk)
    class Asking {
      echo(@Shouted() text: string): string {
        return text;
      }
      fail(@Ctx() context: MeshContext, @Payload('text') text: string, @Payload() all: unknown): string {
        return `${String(context === MeshContext.current())} ${text} ${JSON.stringify(all)}`;
      }
    }
    const app = await startApp({ controllers: [Asking], facades: [Desk] });
    const desk = app.client(Desk);
    expect(await desk.echo('x')).toBe('X');
    expect(await desk.fail('x')).toBe('true x {"text":"x"}');
  });

  it('is that of a controller made for its call, where one is', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Each {}
    @MeshProvider(Desk)
    class Fresh {
      private calls = 0;
      constructor(readonly each: Each) {}
      echo(): string {
        return `call ${++this.calls}`;
      }
      fail(): void {}
    }
    Reflect.defineMetadata('design:paramtypes', [Each], Fresh);
    const desk = (await startApp({ controllers: [Fresh], providers: [Each], facades: [Desk] })).client(Desk);
    expect([await desk.echo('x'), await desk.echo('x')]).toEqual(['call 1', 'call 1']);
  });

  it('is asked for by hooks before it', async () => {
    const hook = (app: INestMicroservice): void => {
      app.registerPreRequestHook((_, next) => (asked.push('hook'), next()));
    };
    expect(await askedAt({ controllers: [deskOf()] }, hook)).toEqual(['hook']);
  });

  it('is guarded by what a test puts in the place of its guard', async () => {
    @Injectable()
    class Closed implements CanActivate {
      canActivate(): boolean {
        return false;
      }
    }
    const desk = deskOf((type) => UseGuards(Guard)(type));
    const tested = await Test.createTestingModule({ imports: [testModule({ controllers: [desk], facades: [Desk] })] })
      .overrideGuard(Guard)
      .useClass(Closed)
      .compile();
    const app = tested.createNestMicroservice({ ...meshMicroservice(), logger: false });
    onTestFinished(() => app.close());
    await app.listen();
    expect(app.get(MeshServer).addresses).toHaveLength(1);
    const failure = await caught(app.get(MeshClient).call('mesh.desk.echo', { text: 'x' }));
    expect(failure.code).toBe(MeshCode.FORBIDDEN);
  });

  it.each([
    [
      'what it throws',
      () => {
        throw new RangeError('no');
      },
      /no/,
      1,
    ],
    ['what it rejects with', () => Promise.reject(new RangeError('no')), /no/, 1],
    ['what its Observable fails with', () => throwError(() => new RangeError('no')), /no/, 1],
    ['what a Promise of an Observable fails with', async () => throwError(() => new RangeError('no')), /no/, 1],
    ['nothing at all', () => Promise.reject(undefined), /Internal server error/, 1],
    [
      'an exception that is meant for its caller',
      () => {
        throw new RpcException('no');
      },
      /no/,
      0,
    ],
  ] as const)('tells %s as Nest does, and logs it as Nest does', async (_, echo, message, lines) => {
    const logged: unknown[] = [];
    const spy = vi.spyOn(Logger.prototype, 'error').mockImplementation((line: unknown) => void logged.push(line));
    onTestFinished(() => spy.mockRestore());
    const outcomes: unknown[] = [];
    for (const decorate of [() => undefined, (type: Type) => UseGuards(Guard)(type)]) {
      class Failing {
        echo(): unknown {
          return echo();
        }
        fail(): void {}
      }
      decorate(Failing);
      MeshProvider(Desk)(Failing);
      logged.length = 0;
      const desk = (await startApp({ controllers: [Failing], facades: [Desk] })).client(Desk);
      const { code, message: said } = await caught(desk.echo('x'));
      expect(said).toMatch(message);
      outcomes.push([code, said, logged.length]);
    }
    expect(outcomes[0]).toEqual(outcomes[1]);
    expect(logged).toHaveLength(lines);
  });

  it('answers with the last value of an Observable, or of a Promise of one', async () => {
    @MeshProvider(Desk)
    class Streaming {
      echo(text: string): unknown {
        return of('first', text).pipe(map((value) => `${value}!`));
      }
      async fail(text: string): Promise<unknown> {
        return of(text);
      }
    }
    const desk = (await startApp({ controllers: [Streaming], facades: [Desk] })).client(Desk);
    expect([await desk.echo('x'), await desk.fail('y')]).toEqual(['x!', 'y']);
  });
});
