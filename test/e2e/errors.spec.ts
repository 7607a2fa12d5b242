import {
  BadRequestException,
  ConflictException,
  ForbiddenException,
  HttpException,
  NotFoundException,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { concat, type Observable, of, throwError, timer } from 'rxjs';
import { delay, mergeMap } from 'rxjs/operators';
import { describe, expect, it } from 'vitest';
import { MeshCode, MeshError, MeshFacade, MeshProvider, type MeshService, Mpi } from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { startApp, startPair } from '../support/mesh-app.js';

const thrown: Readonly<Record<string, unknown>> = {
  'a MeshError': new MeshError(MeshCode.NOT_FOUND, 'no such order', { details: ['order 7', 'of shop 3'] }),
  'a MeshError without a text': new MeshError(MeshCode.BUFFER_FULL),
  "a MeshError of a peer's own code": new MeshError('E0000009999', 'mine'),
  'a MeshError that says success': new MeshError(MeshCode.SUCCESS, 'not really'),
  'an RpcException of a text': new RpcException('out of tea'),
  'an RpcException of an object': new RpcException({ code: 'E0000000614', message: 'not you', details: ['why'] }),
  'an RpcException of a gRPC status': new RpcException({ code: 5, message: 'gone' }),
  'an RpcException of an HTTP status': new RpcException({ status: 429, message: 'slower' }),
  'an RpcException of an error': new RpcException(new Error('inner')),
  'a BadRequestException': new BadRequestException(['a is wrong', 'b is wrong']),
  'an UnauthorizedException': new UnauthorizedException(),
  'a ForbiddenException': new ForbiddenException('not yours'),
  'a NotFoundException': new NotFoundException('no tea'),
  'a ConflictException': new ConflictException('twice'),
  'an HttpException of 504': new HttpException('too slow', 504),
  'a ServiceUnavailableException': new ServiceUnavailableException(),
  'an Error': new Error('boom'),
  'an Error with a cause': new Error('outer', { cause: new NotFoundException('inner') }),
  'an error of the system': Object.assign(new Error('no database'), { code: 'ECONNREFUSED' }),
  'a text': 'just a text',
  'an object': { code: 'E0000000404', message: 'bare' },
  'an object without meaning': { secret: 1 },
  nothing: undefined,
  'an AbortError': new DOMException('stopped', 'AbortError'),
  'a TimeoutError': new DOMException('too late', 'TimeoutError'),
};

const answered: Readonly<Record<keyof typeof thrown, readonly [code: string, message: string, details?: string[]]>> = {
  'a MeshError': ['E0000000404', 'no such order', ['order 7', 'of shop 3']],
  'a MeshError without a text': ['E0000000700', 'buffer full'],
  "a MeshError of a peer's own code": ['E0000009999', 'mine'],
  'a MeshError that says success': ['E0000000500', 'not really'],
  'an RpcException of a text': ['E0000000500', 'out of tea'],
  'an RpcException of an object': ['E0000000614', 'not you', ['why']],
  'an RpcException of a gRPC status': ['E0000000404', 'gone'],
  'an RpcException of an HTTP status': ['E0000000700', 'slower'],
  'an RpcException of an error': ['E0000000500', 'inner'],
  'a BadRequestException': ['E0000000400', 'invalid request: a is wrong; b is wrong', ['a is wrong', 'b is wrong']],
  'an UnauthorizedException': ['E0000000403', 'Unauthorized'],
  'a ForbiddenException': ['E0000000403', 'not yours'],
  'a NotFoundException': ['E0000000404', 'no tea'],
  'a ConflictException': ['E0000000400', 'twice'],
  'an HttpException of 504': ['E0000000601', 'too slow'],
  'a ServiceUnavailableException': ['E0000000607', 'Service Unavailable'],
  'an Error': ['E0000000500', 'boom'],
  'an Error with a cause': ['E0000000404', 'inner'],
  'an error of the system': ['E0000000500', 'no database'],
  'a text': ['E0000000500', 'just a text'],
  'an object': ['E0000000404', 'bare'],
  'an object without meaning': ['E0000000500', 'system error'],
  nothing: ['E0000000500', 'Internal server error'],
  'an AbortError': ['E0000000499', 'stopped'],
  'a TimeoutError': ['E0000000601', 'too late'],
};

@MeshFacade()
class Thrower {
  @Mpi('mesh.thrower.plainly', ['what']) plainly!: (what: string) => Promise<void>;
  @Mpi('mesh.thrower.later', ['what']) later!: (what: string) => Promise<void>;
  @Mpi('mesh.thrower.observed', ['what']) observed!: (what: string) => Promise<void>;
  @Mpi('mesh.thrower.eventually', ['what']) eventually!: (what: string) => Promise<void>;
}

@MeshProvider(Thrower)
class ThrowerController implements MeshService<Thrower> {
  plainly(what: string): void {
    throw thrown[what];
  }
  async later(what: string): Promise<void> {
    await Promise.resolve();
    throw thrown[what];
  }
  observed(what: string): Observable<void> {
    return throwError(() => thrown[what]);
  }
  eventually(what: string): Observable<void> {
    return concat(of(undefined).pipe(delay(1)), timer(2).pipe(mergeMap(() => throwError(() => thrown[what]))));
  }
}

describe('what a handler throws', () => {
  it('arrives at the consumer as a MeshError, by one table', async () => {
    const thrower = await startPair(Thrower, { controllers: [ThrowerController] });

    for (const [what, [code, message, details = []]] of Object.entries(answered)) {
      const expected = { code, message, details: [...details], neverSent: false };
      expect(await caught(thrower.plainly(what)), what).toMatchObject(expected);
    }
  });

  it('is the same however it was thrown', async () => {
    const thrower = await startPair(Thrower, { controllers: [ThrowerController] });

    const methods = ['later', 'observed', 'eventually'] as const;
    const whats = Object.entries(answered);
    await Promise.all(
      methods.flatMap((method) =>
        whats.map(async ([what, [code]]) => {
          expect((await caught(thrower[method](what))).code, `${what}, ${method}`).toBe(code);
        }),
      ),
    );
  });

  it('is the same in one process', async () => {
    const app = await startApp({ controllers: [ThrowerController], facades: [Thrower] });
    for (const [what, [code, message]] of Object.entries(answered)) {
      expect(await caught(app.client(Thrower).plainly(what)), what).toMatchObject({ code, message });
    }
  });

  it('tells a peer neither the stack nor the cause', async () => {
    const thrower = await startPair(Thrower, { controllers: [ThrowerController] });
    const error = await caught(thrower.plainly('an Error with a cause'));
    expect(error.cause).toBeUndefined();
    expect(error.stack).not.toContain('outer');
  });
});
