import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  Injectable,
  NotFoundException,
  UseFilters,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { BaseRpcExceptionFilter, RpcException } from '@nestjs/microservices';
import { type Observable, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { MeshCode, MeshContext, MeshError, MeshFacade, MeshProvider, type MeshService, Mpi } from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { startPair } from '../support/mesh-app.js';

@MeshFacade()
class Search {
  @Mpi('mesh.search.find', ['key']) find!: (key: string) => Promise<string>;
}

class SearchController implements MeshService<Search> {
  find(key: string): string {
    if (key === 'text') throw new RpcException('not here');
    throw new NotFoundException(`no ${key}`);
  }
}

/** Answers instead of failing. */
@Catch(NotFoundException)
class AnswerInstead implements ExceptionFilter {
  catch(error: NotFoundException, host: ArgumentsHost): Observable<string> {
    return of(`${error.message}, said ${host.switchToRpc().getContext<MeshContext>().service}`);
  }
}

/** Fails with another error. */
@Catch(NotFoundException)
class FailOtherwise implements ExceptionFilter {
  catch(error: NotFoundException): Observable<never> {
    return throwError(() => new MeshError(MeshCode.NOT_IN_NETWORK, `instead of: ${error.message}`));
  }
}

describe('exception filters', () => {
  it('of a class answer instead', async () => {
    @MeshProvider(Search)
    @UseFilters(AnswerInstead)
    class Filtered extends SearchController {}
    const search = await startPair(Search, { controllers: [Filtered] });

    expect(await search.find('tea')).toBe('no tea, said mesh.search.find');
    expect(await caught(search.find('text'))).toMatchObject({ code: MeshCode.SYSTEM_ERROR, message: 'not here' });
  });

  it('of a method come before those of the class', async () => {
    @MeshProvider(Search)
    @UseFilters(AnswerInstead)
    class Filtered extends SearchController {
      @UseFilters(FailOtherwise)
      override find(key: string): string {
        return super.find(key);
      }
    }
    const search = await startPair(Search, { controllers: [Filtered] });

    expect(await caught(search.find('tea'))).toMatchObject({
      code: MeshCode.NOT_IN_NETWORK,
      message: 'instead of: no tea',
    });
  });

  it('of the application catch what nobody else does', async () => {
    @MeshProvider(Search)
    class Unfiltered extends SearchController {}
    const global = await startPair(Search, { controllers: [Unfiltered] }, {}, (app) => {
      app.useGlobalFilters(new AnswerInstead());
    });
    expect(await global.find('tea')).toBe('no tea, said mesh.search.find');

    @Injectable()
    @Catch()
    class Injected implements ExceptionFilter {
      constructor(private readonly context: MeshContext) {}
      catch(error: Error): Observable<never> {
        return throwError(() => ({
          code: MeshCode.BUFFER_FULL,
          message: `${error.message} in ${this.context.service}`,
        }));
      }
    }
    const providers = [{ provide: APP_FILTER, useClass: Injected }];
    const injected = await startPair(Search, { controllers: [Unfiltered], providers });
    expect(await caught(injected.find('tea'))).toMatchObject({
      code: MeshCode.BUFFER_FULL,
      message: 'no tea in mesh.search.find',
    });
  });

  it("that hand on to Nest's own lose no code", async () => {
    @Catch()
    class HandOn implements ExceptionFilter {
      private readonly nest = new BaseRpcExceptionFilter();
      catch(error: Error, host: ArgumentsHost): Observable<unknown> {
        const handedOn = error instanceof NotFoundException ? error : new RpcException('other');
        return Reflect.apply(this.nest.catch, this.nest, [handedOn, host]);
      }
    }
    @MeshProvider(Search)
    class Filtered extends SearchController {}
    const search = await startPair(Search, { controllers: [Filtered] }, {}, (app) =>
      app.useGlobalFilters(new HandOn()),
    );

    expect(await caught(search.find('tea'))).toMatchObject({ code: MeshCode.NOT_FOUND, message: 'no tea' });
    expect(await caught(search.find('text'))).toMatchObject({ code: MeshCode.SYSTEM_ERROR, message: 'other' });
  });

  it('that throw are heard', async () => {
    @Catch()
    class Throwing implements ExceptionFilter {
      catch(): never {
        throw new MeshError(MeshCode.FORBIDDEN, 'from the filter');
      }
    }
    @MeshProvider(Search)
    class Filtered extends SearchController {}
    const search = await startPair(Search, { controllers: [Filtered] }, {}, (app) => {
      app.useGlobalFilters(new Throwing());
    });
    expect(await caught(search.find('tea'))).toMatchObject({ code: MeshCode.FORBIDDEN, message: 'from the filter' });
  });
});
