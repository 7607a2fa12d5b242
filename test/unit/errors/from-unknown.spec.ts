import { connect } from 'node:net';
import {
  BadRequestException,
  HttpException,
  NotFoundException,
  StandardSchemaValidationPipe,
  ValidationPipe,
} from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { IsInt, IsString, ValidateNested, validate } from 'class-validator';
import { Type } from 'class-transformer';
import { NEVER, firstValueFrom, timeout } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toMeshError } from '../../../lib/errors/from-unknown.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';

class Item {
  @IsInt() count!: number;
}

class Order {
  @IsString() token!: string;
  @ValidateNested() @Type(() => Item) item!: Item;
}

const rejection = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('toMeshError', () => {
  it('hands a MeshError on as it is', () => {
    const error = new MeshError('E0010000007', 'ours');
    expect(toMeshError(error)).toBe(error);
  });

  it('finds a MeshError down the chain of causes', () => {
    const inner = new MeshError(MeshCode.NO_INSTANCE, 'nobody there');
    expect(toMeshError(new Error('a', { cause: new TypeError('b', { cause: inner }) }))).toBe(inner);
    expect(toMeshError(new RpcException(new Error('c', { cause: inner })))).toBe(inner);
  });

  it('ends where causes lead back to themselves', () => {
    const error: Error = new Error('round');
    error.cause = new Error('and round', { cause: error });
    expect(toMeshError(error)).toMatchObject({ code: MeshCode.SYSTEM_ERROR, message: 'round' });
    const self = new (class extends RpcException {
      override getError(): this {
        return this;
      }
    })('odd');
    expect(toMeshError(self)).toMatchObject({ code: MeshCode.SYSTEM_ERROR, message: 'odd' });
  });

  it.each<[string, unknown, string, string]>([
    ['an error', new Error('boom 错误'), MeshCode.SYSTEM_ERROR, 'boom 错误'],
    ['an error with a cause of no error', new Error('boom', { cause: 'x' }), MeshCode.SYSTEM_ERROR, 'boom'],
    ['a text', 'boom', MeshCode.SYSTEM_ERROR, 'boom'],
    ['nothing', undefined, MeshCode.SYSTEM_ERROR, 'system error'],
    ['null', null, MeshCode.SYSTEM_ERROR, 'system error'],
    ['an empty message', new Error(''), MeshCode.SYSTEM_ERROR, 'system error'],
    ['an object of no meaning', { a: 1 }, MeshCode.SYSTEM_ERROR, 'system error'],
    ['a refusing guard', new RpcException('Forbidden resource'), MeshCode.FORBIDDEN, 'Forbidden resource'],
    ['an RpcException of a text', new RpcException('no'), MeshCode.SYSTEM_ERROR, 'no'],
    ['an RpcException with a code', new RpcException({ code: 'E0010000001', message: 'm' }), 'E0010000001', 'm'],
    ['an RpcException with a gRPC status', new RpcException({ code: 5, message: 'm' }), MeshCode.NOT_FOUND, 'm'],
    ['an RpcException with an HTTP status', new RpcException({ status: 403, message: 'm' }), MeshCode.FORBIDDEN, 'm'],
    ['an RpcException of an error', new RpcException(new NotFoundException('m')), MeshCode.NOT_FOUND, 'm'],
    [
      "what Nest's filter leaves",
      { status: 'error', message: 'Forbidden resource' },
      MeshCode.FORBIDDEN,
      'Forbidden resource',
    ],
    [
      'an error that claims success',
      new RpcException({ code: 'E0000000000', message: 'm' }),
      MeshCode.SYSTEM_ERROR,
      'm',
    ],
    ['an HttpException', new HttpException('gone', 410), MeshCode.NOT_FOUND, 'gone'],
    ['an HttpException of success', new HttpException('fine', 200), MeshCode.SYSTEM_ERROR, 'fine'],
    ['an abort', new DOMException('stop', 'AbortError'), MeshCode.CANCELLED, 'stop'],
    ['a timeout', new DOMException('late', 'TimeoutError'), MeshCode.TIMEOUT, 'late'],
    [
      'a coded error of another package',
      Object.assign(new Error('m'), { code: 'E0000000614' }),
      MeshCode.NOT_PERMITTED,
      'm',
    ],
    ['a lost connection', Object.assign(new Error('m'), { code: 'EPIPE' }), MeshCode.UNREACHABLE, 'm'],
  ])('%s', (_, thrown, code, message) => {
    const error = toMeshError(thrown);
    expect(error).toBeInstanceOf(MeshError);
    expect(error).toMatchObject({ code, message, neverSent: false });
  });

  it('falls back on the code that it is given', () => {
    expect(toMeshError(new Error('x'), MeshCode.UNKNOWN).code).toBe(MeshCode.UNKNOWN);
    expect(toMeshError(undefined, MeshCode.ENCODING).code).toBe(MeshCode.ENCODING);
  });

  it("knows an abort's reason", async () => {
    const reason = new MeshError(MeshCode.TIMEOUT, 'the deadline passed');
    const { setTimeout } = await import('node:timers/promises');
    const aborted = await rejection(setTimeout(10_000, undefined, { signal: AbortSignal.abort(reason) }));
    expect(aborted).toHaveProperty('name', 'AbortError');
    expect(toMeshError(aborted)).toBe(reason);
  });

  it("knows rxjs's timeout", async () => {
    const late = await rejection(firstValueFrom(NEVER.pipe(timeout(1))));
    expect(toMeshError(late).code).toBe(MeshCode.TIMEOUT);
  });

  it('knows that a refused connection sent nothing', async () => {
    const refused = await new Promise((resolve) => connect(1, '127.0.0.1').once('error', resolve));
    const error = toMeshError(new TypeError('fetch failed', { cause: refused }));
    expect(error).toMatchObject({ code: MeshCode.ADDRESS_UNREACHABLE, neverSent: true });
    expect(error.message).toContain('ECONNREFUSED');
    const both = Object.assign(new AggregateError([refused], ''), { code: 'ECONNREFUSED' });
    expect(toMeshError(both).message).toContain('127.0.0.1');
  });

  it('keeps the original, whole, as the cause', () => {
    const thrown = new Error('outer', { cause: Object.assign(new Error('inner'), { code: 'ECONNRESET' }) });
    expect(toMeshError(thrown).cause).toBe(thrown);
  });

  describe('of a failed validation', () => {
    it("names the fields of Nest's ValidationPipe", async () => {
      const pipe = new ValidationPipe();
      const failed = await rejection(
        pipe.transform({ token: 1, item: { count: 1 } }, { type: 'body', metatype: Order }),
      );
      expect(toMeshError(failed)).toMatchObject({
        code: MeshCode.INVALID_REQUEST,
        message: 'invalid request: token must be a string',
        details: ['token must be a string'],
      });
    });

    it("names the fields of Nest's StandardSchemaValidationPipe", async () => {
      const schema = z.object({ token: z.string(), item: z.object({ count: z.number() }) });
      const pipe = new StandardSchemaValidationPipe();
      const failed = await rejection(pipe.transform({ token: 't', item: {} }, { type: 'body', schema }));
      const error = toMeshError(failed);
      expect(error.code).toBe(MeshCode.INVALID_REQUEST);
      expect(error.details).toHaveLength(1);
      expect(error.details[0]).toMatch(/^item\.count: /);
    });

    it('names the fields of an exception factory that throws the failures themselves', async () => {
      const order = Object.assign(new Order(), { token: 1, item: Object.assign(new Item(), { count: 'x' }) });
      const failures = await validate(order);
      expect(toMeshError(new RpcException(failures)).details).toEqual([
        'token must be a string',
        'item.count must be an integer number',
      ]);
      expect(
        toMeshError(new BadRequestException({ message: [{ message: 'bad', path: ['a', { key: 0 }] }] })).details,
      ).toEqual(['a.0: bad']);
    });

    it('bounds what it lists', () => {
      const failures = Array.from({ length: 1_000 }, (_, index) => `${index} is wrong`);
      const { details } = toMeshError(new BadRequestException(failures));
      expect(details).toHaveLength(101);
      expect(details.at(-1)).toBe('and 900 more');
    });

    it('keeps the status that the pipe was told', () => {
      expect(toMeshError(new HttpException({ message: ['a'] }, 403))).toMatchObject({
        code: MeshCode.FORBIDDEN,
        message: 'not authorised: a',
      });
    });
  });
});
