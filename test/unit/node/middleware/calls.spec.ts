import { Logger } from '@nestjs/common';
import { describe, expect, it, vi } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import type { PassingRequest, PassingResponse } from '../../../../lib/node/middleware/middleware.js';

import {
  type Acceptor,
  type CallAnswer,
  type CallHandler,
  type InboundCall,
  refusing,
} from '../../../../lib/transport/transport.js';
import { caught } from '../../../support/caught.js';
import { eventually } from '../../../support/eventually.js';
import {
  chainOf,
  copyEach,
  type Handle,
  inboundCall,
  middleware,
  passOn,
  urnOf,
} from '../../../support/middleware-fixtures.js';

const everywhere =
  (handler: CallHandler): Acceptor =>
  () =>
    handler;

const echo: CallHandler = async ({ body }) => body;

/** What a call is answered with, through middleware. */
function through(handles: readonly Handle[], handler: CallHandler, call: InboundCall = inboundCall()) {
  const members = handles.map((handle, index) => middleware(`m${index}`, handle));
  const found = chainOf(...members).around('listen', everywhere(handler))(call.path);
  return (found as CallHandler)(call);
}

async function answered(answer: Promise<Uint8Array | CallAnswer>): Promise<CallAnswer> {
  const given = await answer;
  return given instanceof Uint8Array ? { body: given } : given;
}

const textOf = ({ body }: Pick<CallAnswer, 'body'>): string => Buffer.from(body).toString();

/** Counts what is logged while it runs. */
async function logged(run: () => Promise<unknown>): Promise<readonly string[]> {
  const lines: string[] = [];
  const spy = vi.spyOn(Logger.prototype, 'error').mockImplementation((message) => void lines.push(String(message)));
  try {
    await run();
  } finally {
    spy.mockRestore();
  }
  return lines;
}

describe('what no middleware can fit', () => {
  it('is served as it is', () => {
    const find = everywhere(echo);
    expect(chainOf().around('listen', find)).toBe(find);
    const inner = chainOf(middleware('inner', passOn, { listeners: ['listen[1]'] }));
    expect(inner.around('listen', find)).toBe(find);
    const reports = chainOf(
      middleware('reports', passOn, { paths: ['/reports/*'] }),
      middleware('trust', passOn, { services: ['mesh.trust.*'] }),
    ).around('listen', find);
    expect(reports('/p')).toBe(echo);
    expect(reports('/reports/1')).not.toBe(echo);
    expect(reports('/mesh/invoke')).not.toBe(echo);
    expect(chainOf(middleware('all', passOn)).around('listen', () => undefined)('/p')).toBeUndefined();
  });

  it('is put into its middleware once', () => {
    const find = chainOf(middleware('all', passOn)).around('listen', everywhere(echo));
    expect(find('/p')).toBe(find('/q'));
  });

  it('costs a call to another service nothing but a look', async () => {
    const passed: string[] = [];
    const seen: InboundCall[] = [];
    const find = chainOf(
      middleware('trust', (request, next) => (passed.push(request.service), next(request)), {
        services: ['mesh.trust.*'],
      }),
    ).around(
      'listen',
      everywhere(async (call) => (seen.push(call), call.body)),
    );
    const call = (name: string) => inboundCall({ path: '/mesh-rpc/v1', headers: { 'mesh-urn': urnOf(name) } });
    const other = call('mesh.other.apply');
    await (find('/mesh-rpc/v1') as CallHandler)(other);
    await (find('/mesh-rpc/v1') as CallHandler)(call('mesh.trust.apply'));
    expect(passed).toEqual(['mesh.trust.apply']);
    expect(seen[0]).toBe(other);
  });
});

describe('a call', () => {
  it('shows what came', async () => {
    const seen: PassingRequest[] = [];
    const { cancellation, ...call } = inboundCall({
      path: '/mesh/invoke',
      query: 'a=b',
      wire: 'http',
      method: 'PUT',
      deadline: Date.now() + 10_000,
      headers: { 'mesh-urn': urnOf('mesh.a.b') },
    });
    await through([(request, next) => (seen.push(request), next(request))], echo, { ...call, cancellation });
    const { path, query, wire, method, deadline, headers, peer, body } = call;
    expect(seen[0]).toEqual({
      kind: 'call',
      listener: 'listen',
      service: 'mesh.a.b',
      path,
      query,
      wire,
      method,
      deadline,
      headers: Object.assign(Object.create(null), headers),
      peer,
      body,
      cancellation,
    });
    expect(seen[0]?.cancellation).toBe(cancellation);
    expect(Object.getPrototypeOf(seen[0]?.headers)).toBeNull();
  });

  it('passes by priority, there and back', async () => {
    const steps: string[] = [];
    const step =
      (name: string): Handle =>
      async (request, next) => {
        steps.push(`${name} in`);
        const response = await next(request);
        steps.push(`${name} out`);
        return response;
      };
    await through([step('a'), step('b'), step('c')], async (call) => (steps.push('handler'), call.body));
    expect(steps).toEqual(['a in', 'b in', 'c in', 'handler', 'c out', 'b out', 'a out']);
  });

  it('is seen behind as it was changed, and nowhere else', async () => {
    const seen: InboundCall[] = [];
    const call = inboundCall({ admits: () => false, scope: { side: 'inner', areas: new Set() } });
    const mutate: Handle = (request, next) => {
      request.headers['x-b'] = '2';
      delete request.headers['x-a'];
      return next(request);
    };
    const replace: Handle = (request, next) =>
      next({
        ...(request as PassingRequest & { kind: 'call' }),
        query: 'q=1',
        headers: { ...request.headers, 'X-C': '3' },
        body: Buffer.from('bye'),
      });
    const answer = await through([mutate, replace], async (one) => (seen.push(one), one.body), call);
    expect(textOf({ body: answer as Uint8Array })).toBe('bye');
    expect(seen[0]).toMatchObject({ query: 'q=1', path: '/p', method: 'POST', contentType: 'application/grpc' });
    expect({ ...seen[0]?.headers }).toEqual({ 'x-b': '2', 'x-c': '3' });
    expect(Object.getPrototypeOf(seen[0]?.headers)).toBeNull();
    expect(seen[0]?.admits).toBe(call.admits);
    expect(seen[0]?.scope).toBe(call.scope);
    expect(seen[0]?.cancellation).toBe(call.cancellation);
    expect({ ...call.headers }).toEqual({ 'x-a': '1' });
  });

  it('over HTTP has the content type that its headers say', async () => {
    const seen: InboundCall[] = [];
    const call = inboundCall({ wire: 'http', contentType: 'text/plain', headers: { 'content-type': 'text/plain' } });
    const retype: Handle = (request, next) => {
      request.headers['content-type'] = 'Application/JSON; charset=utf-8';
      return next(request);
    };
    await through([retype], async (one) => (seen.push(one), one.body), call);
    expect(seen[0]?.contentType).toBe('application/json');
  });

  it('is answered with all that the handler says', async () => {
    const settled: boolean[] = [];
    const said: CallAnswer = {
      body: Buffer.from('made'),
      contentType: 'text/plain',
      status: 201,
      headers: Object.freeze({ etag: '"1"' }),
      settle: (delivered) => void settled.push(delivered),
    };
    for (const handle of [passOn, copyEach]) {
      const answer = await answered(through([handle], async () => said, inboundCall({ wire: 'http' })));
      expect(answer).toMatchObject({ contentType: 'text/plain', status: 201, headers: { etag: '"1"' } });
      expect(textOf(answer)).toBe('made');
      answer.settle?.(true);
    }
    const overGrpc = await answered(through([passOn], async () => said));
    overGrpc.settle?.(false);
    expect(settled).toEqual([true, true, false]);
  });

  it('is answered as a middleware changed it', async () => {
    const change: Handle = async (request, next) => {
      const response = await next(request);
      response.headers['x-seen'] = ['a', 'b'];
      response.headers['content-type'] = 'text/css';
      response.status = 418;
      response.body = Buffer.from('tea');
      return response;
    };
    const answer = await answered(
      through([change], async () => ({ body: Buffer.from('made') }), inboundCall({ wire: 'http' })),
    );
    expect(answer).toMatchObject({ status: 418, contentType: 'text/css', headers: { 'x-seen': 'a, b' } });
    expect(textOf(answer)).toBe('tea');
  });

  it('is answered by a middleware itself', async () => {
    let reached = 0;
    const own: Handle = async () => ({ status: 200, headers: { 'x-from': 'cache' }, body: Buffer.from('kept') });
    const answer = await answered(
      through([passOn, own, passOn], async () => (reached++, Buffer.alloc(0)), inboundCall({ wire: 'http' })),
    );
    expect(textOf(answer)).toBe('kept');
    expect(answer.headers).toMatchObject({ 'x-from': 'cache' });
    expect(reached).toBe(0);
  });
});

describe('an error', () => {
  const forbid: Handle = async () => Promise.reject(new MeshError(MeshCode.FORBIDDEN, 'no'));

  it('of a middleware is told as the handler tells of errors', async () => {
    const handler = refusing(
      async ({ body }: InboundCall) => body,
      (error, call) => Buffer.from(`${error.code} at ${call.path}`),
    );
    const answer = await through([passOn, forbid], handler);
    expect(textOf({ body: answer as Uint8Array })).toBe(`${MeshCode.FORBIDDEN} at /p`);
  });

  it('of a middleware is thrown where the handler has no way to tell it', async () => {
    expect(await caught(through([forbid], echo))).toMatchObject({ code: MeshCode.FORBIDDEN, message: 'no' });
  });

  it('of the handler is what it was', async () => {
    const error = new TypeError('handler');
    const handler = refusing(
      () => {
        throw error;
      },
      () => Buffer.from('refused'),
    );
    const lines = await logged(async () => {
      await expect(through([passOn, passOn], handler)).rejects.toBe(error);
    });
    expect(lines).toEqual([]);
  });

  it('of the handler may be caught', async () => {
    const calm: Handle = (request, next) =>
      next(request).catch(() => ({ status: 200, headers: {}, body: Buffer.from('calm') }));
    const answer = await through([calm], async () => Promise.reject(new MeshError(MeshCode.TIMEOUT)));
    expect(textOf({ body: answer as Uint8Array })).toBe('calm');
  });

  it('that nobody expected is E0000000500, and logged once', async () => {
    const broken: Handle = () => {
      throw new TypeError('broken');
    };
    const lines = await logged(async () => {
      const error = await caught(through([passOn, passOn, broken], echo));
      expect(error).toMatchObject({ code: MeshCode.SYSTEM_ERROR, message: 'broken' });
    });
    expect(lines).toEqual(["the middleware 'm2' failed: broken"]);
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    await logged(async () => {
      const error = await caught(through([() => Promise.reject(refused)], echo));
      expect(error.code).toBe(MeshCode.SYSTEM_ERROR);
    });
  });

  it('is what a second call of next gets, and the handler is called once', async () => {
    let reached = 0;
    const twice: Handle = async (request, next) => {
      await next(request);
      return next(request);
    };
    const error = await caught(through([twice], async (call) => (reached++, call.body)));
    expect(error).toMatchObject({ code: MeshCode.SYSTEM_ERROR });
    expect(error.message).toBe("the middleware 'm0' called next a second time: a request is handed on once");
    expect(reached).toBe(1);
  });

  it.each<[string, Handle, string]>([
    ['no answer', async () => undefined as never, 'gave no answer to a call'],
    ['no body', async () => ({ status: 200, headers: {} }) as PassingResponse, 'gave no answer to a call'],
    ['a text', async () => ({ status: 200, headers: {}, body: 'text' }) as never, 'gave no answer to a call'],
    [
      'a stream',
      async () => ({ status: 200, headers: {}, body: (async function* () {})() }),
      'gave no answer to a call',
    ],
    ['nothing to next', (_, next) => next(undefined as never), 'handed on no call'],
    ['another kind to next', (request, next) => next({ ...request, kind: 'stream' } as never), 'handed on no call'],
    [
      'a text to next',
      (request, next) => next({ ...request, body: 'text' } as never),
      'handed on a call without bytes',
    ],
  ])('tells of a middleware that gives %s', async (_, handle, what) => {
    const error = await caught(through([handle], echo));
    expect(error.code).toBe(MeshCode.SYSTEM_ERROR);
    expect(error.message).toContain(`the middleware 'm0' ${what}`);
  });
});

describe('the end of a call', () => {
  const never: Handle = () => new Promise(() => undefined);

  it('comes with its deadline, whatever a middleware waits for', async () => {
    const call = inboundCall({ deadline: Date.now() + 5 });
    expect(await caught(through([never], echo, call))).toMatchObject({ code: MeshCode.TIMEOUT });
    expect(call.cancellation.reason?.code).toBe(MeshCode.TIMEOUT);
  });

  it('comes when its caller goes away', async () => {
    const call = inboundCall();
    const answer = caught(through([never], echo, call));
    const reason = new MeshError(MeshCode.CANCELLED, 'gone');
    call.cancellation.cancel(reason);
    expect(await answer).toBe(reason);
  });

  const settling =
    (settled: boolean[], until: Promise<void> = Promise.resolve()): CallHandler =>
    async () => {
      await until;
      return { body: Buffer.from('it'), settle: (delivered) => void settled.push(delivered) };
    };

  it('is told as lost when a middleware fails behind the answer', async () => {
    const settled: boolean[] = [];
    const fails: Handle = async (request, next) => {
      await next(request);
      throw new MeshError(MeshCode.FORBIDDEN);
    };
    await caught(through([fails], settling(settled)));
    expect(settled).toEqual([false]);
  });

  it('is told as lost to who answers after the caller has gone', async () => {
    const settled: boolean[] = [];
    let release: () => void = () => undefined;
    const call = inboundCall();
    const answer = caught(through([passOn], settling(settled, new Promise((resolve) => (release = resolve))), call));
    call.cancellation.cancel(new MeshError(MeshCode.CANCELLED));
    await answer;
    release();
    await eventually('it is told', () => settled.length > 0);
    expect(settled).toEqual([false]);
  });

  it('is told as lost to who answers after a middleware did', async () => {
    const settled: boolean[] = [];
    let release: () => void = () => undefined;
    const hasty: Handle = async (request, next) => {
      void next(request);
      return { status: 200, headers: {}, body: Buffer.from('hasty') };
    };
    await through([hasty], settling(settled, new Promise((resolve) => (release = resolve))));
    expect(settled).toEqual([]);
    release();
    await eventually('it is told', () => settled.length > 0);
    expect(settled).toEqual([false]);
  });

  it('leaves no rejection behind when nobody waits for the rest', async () => {
    const hasty: Handle = async (request, next) => {
      void next(request);
      return { status: 200, headers: {}, body: Buffer.from('hasty') };
    };
    const answer = await through([hasty], async () => Promise.reject(new Error('late')));
    expect(textOf({ body: answer as Uint8Array })).toBe('hasty');
    await new Promise((resolve) => setImmediate(resolve));
  });
});
