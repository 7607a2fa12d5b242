import {
  type CallHandler,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  Scope,
  UseInterceptors,
} from '@nestjs/common';
import { APP_INTERCEPTOR, REQUEST } from '@nestjs/core';
import { Ctx, type RequestContext } from '@nestjs/microservices';
import { catchError, map, type Observable, of, range } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { MeshContext, MeshFacade, MeshProvider, type MeshService, Mpi } from 'nestjs-mesh';
import { startPair } from '../support/mesh-app.js';

@MeshFacade()
class Sums {
  @Mpi('mesh.sums.upto', ['n']) upto!: (n: number) => Promise<unknown>;
}

@MeshProvider(Sums)
class SumsController implements MeshService<Sums> {
  upto(n: number): Observable<number> {
    if (n < 0) throw new Error('negative');
    return range(1, n);
  }
}

describe('interceptors', () => {
  it('of the application and of a class see every value, in Nest’s order', async () => {
    const seen: string[] = [];
    class Noting implements NestInterceptor {
      constructor(private readonly name: string) {}
      intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
        expect(context.switchToRpc().getContext()).toBe(MeshContext.current());
        return next.handle().pipe(map((value: unknown) => (seen.push(`${this.name} ${String(value)}`), value)));
      }
    }
    @MeshProvider(Sums)
    @UseInterceptors(new Noting('class'))
    class Intercepted extends SumsController {}
    const providers = [{ provide: APP_INTERCEPTOR, useValue: new Noting('application') }];
    const sums = await startPair(Sums, { controllers: [Intercepted], providers });

    expect(await sums.upto(2)).toBe(2);
    expect(seen).toEqual(['class 1', 'application 1', 'class 2', 'application 2']);
  });

  it('answer by themselves, and for failures', async () => {
    class Cautious implements NestInterceptor {
      intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
        if (context.switchToRpc().getData<{ n: number }>().n > 100) return of('too many');
        return next.handle().pipe(catchError((error: Error) => of(`rescued from ${error.message}`)));
      }
    }
    const sums = await startPair(Sums, { controllers: [SumsController] }, {}, (app) => {
      app.useGlobalInterceptors(new Cautious());
    });
    expect(await sums.upto(1_000_000)).toBe('too many');
    expect(await sums.upto(-1)).toBe('rescued from negative');
  });
});

describe('controllers', () => {
  it('take parameters of custom decorators between the arguments', async () => {
    const Service = createParamDecorator((prefix: string, context: ExecutionContext) => {
      return `${prefix} ${context.switchToRpc().getContext<MeshContext>().service}`;
    });
    @MeshFacade()
    class Pair {
      @Mpi('mesh.pair.join', ['a', 'b']) join!: (a: string, b: string) => Promise<string>;
    }
    @MeshProvider(Pair)
    class PairController {
      join(a: string, b: string, @Service('of') service: string, @Ctx() context: MeshContext): string {
        return `${a}${b} ${service} ${context.spanId}`;
      }
    }
    const pair = await startPair(Pair, { controllers: [PairController] });
    expect(await pair.join('x', 'y')).toBe('xy of mesh.pair.join 0');
  });

  it('are made for each call where they are of request scope', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Notes {
      readonly list: string[] = [];
      constructor(
        @Inject(REQUEST) readonly request: RequestContext<{ n: number }, MeshContext>,
        readonly context: MeshContext,
      ) {}
    }
    @MeshProvider(Sums)
    class Scoped implements MeshService<Sums> {
      constructor(private readonly notes: Notes) {}
      upto(n: number) {
        const { list, request, context } = this.notes;
        list.push(`${request.data.n}`);
        return { n, list, same: request.getContext() === MeshContext.current(), service: context.service };
      }
    }
    const sums = await startPair(Sums, { controllers: [Scoped], providers: [Notes] });

    const answers = await Promise.all([1, 2, 3].map((n) => sums.upto(n)));
    expect(answers).toEqual([1, 2, 3].map((n) => ({ n, list: [`${n}`], same: true, service: 'mesh.sums.upto' })));
  });
});
