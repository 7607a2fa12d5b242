import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import type { InboundPassage, PassageAnswer, PassageHandler } from '../../../../lib/transport/transport.js';
import { caught } from '../../../support/caught.js';
import {
  chainOf,
  chunks,
  copyEach,
  type Handle,
  inboundPassage,
  middleware,
  passOn,
  textsIn,
} from '../../../support/middleware-fixtures.js';

const said = (init: Partial<PassageAnswer> = {}): PassageAnswer => ({
  status: 200,
  headers: Object.freeze({ 'content-length': '6', 'set-cookie': ['a=1', 'b=2'] }),
  body: chunks('one', 'two'),
  ...init,
});

function pass(handles: readonly Handle[], handler: PassageHandler, passage = inboundPassage()): Promise<PassageAnswer> {
  const members = handles.map((handle, index) => middleware(`m${index}`, handle, { paths: ['/reports/*'] }));
  const found = chainOf(...members).around('listen', () => ({ pass: handler }))(passage.path);
  if (!found || !('pass' in found)) throw new Error('nothing passes');
  return found.pass(passage);
}

describe('a passage', () => {
  it('is handed on with all that it came with, and answered with all that is said', async () => {
    const seen: InboundPassage[] = [];
    const passage = inboundPassage({ target: '/reports/./1', upgrade: 'websocket', version: '2', length: 6 });
    const trailers = () => ({ 'grpc-status': '7' });
    const answer = said({ status: 206, trailers });
    const told = await pass([passOn, passOn], async (one) => (seen.push(one), answer), passage);
    const { target, version, scheme, length, upgrade, body, path, method, wire, peer } = passage;
    expect(seen[0]).toMatchObject({ target, version, scheme, length, upgrade, path, method, wire, peer });
    expect(seen[0]?.body).toBe(body);
    expect(seen[0]?.trailers()).toEqual({ 'x-end': 'in' });
    expect(told).toMatchObject({ status: 206, headers: answer.headers });
    expect(told.body).toBe(answer.body);
    expect(told.trailers?.()).toEqual({ 'grpc-status': '7' });
  });

  it('that does not fit goes its way untouched', async () => {
    const passage = inboundPassage({ path: '/else' });
    const handler = { pass: async () => said() };
    const find = chainOf(middleware('reports', passOn, { paths: ['/reports/*'] })).around('listen', () => handler);
    expect(find(passage.path)).toBe(handler);
  });

  it('may be sent elsewhere, with other headers', async () => {
    const seen: InboundPassage[] = [];
    const turn: Handle = (request, next) => {
      request.headers['authorization'] = 'none';
      return next({ ...request, path: '/reports/2', query: 'a=b' } as typeof request);
    };
    await pass([turn], async (one) => (seen.push(one), said()));
    expect(seen[0]).toMatchObject({ target: '/reports/2?a=b', path: '/reports/2', query: 'a=b' });
    expect(seen[0]?.headers['authorization']).toBe('none');
  });

  it('says no length of a body that was changed', async () => {
    const seen: InboundPassage[] = [];
    const passage = inboundPassage({ length: 6, headers: { 'content-length': '6', 'x-a': '1' } });
    const told = await pass([copyEach], async (one) => (seen.push(one), said()), passage);
    expect(seen[0]?.length).toBeUndefined();
    expect({ ...seen[0]?.headers }).toEqual({ 'x-a': '1' });
    expect(await textsIn(seen[0]!.body)).toEqual(['one', 'two']);
    expect({ ...told.headers }).toEqual({ 'set-cookie': ['a=1', 'b=2'] });
    expect(await textsIn(told.body)).toEqual(['one', 'two']);
  });

  it('keeps a length that a middleware says itself', async () => {
    const own: Handle = async (request, next) => {
      const response = await next(request);
      response.headers['content-length'] = '2';
      return { ...response, body: Buffer.from('ok') };
    };
    const told = await pass([own], async () => said());
    expect(told.headers['content-length']).toBe('2');
    expect(await textsIn(told.body)).toEqual(['ok']);
  });

  it('may be answered by a middleware itself, as its wire says that all is well', async () => {
    const own: Handle = async () => ({ status: 200, headers: { 'x-from': 'cache' }, body: Buffer.from('kept') });
    const overHttp = await pass([own], async () => said());
    expect(overHttp).toMatchObject({ status: 200, headers: { 'x-from': 'cache' } });
    expect(await textsIn(overHttp.body)).toEqual(['kept']);
    expect(overHttp.trailers).toBeUndefined();
    const overGrpc = await pass([own], async () => said(), inboundPassage({ wire: 'grpc' }));
    expect(overGrpc.trailers?.()).toEqual({ 'grpc-status': '0' });
  });

  it('is refused with the error of a middleware, or of what stands behind', async () => {
    const forbidden = new MeshError(MeshCode.FORBIDDEN, 'no');
    expect(await caught(pass([() => Promise.reject(forbidden)], async () => said()))).toBe(forbidden);
    const broken = new TypeError('broken');
    await expect(pass([passOn], () => Promise.reject(broken))).rejects.toBe(broken);
  });

  it('tells what stands behind when its answer is no longer read', async () => {
    let seen: InboundPassage | undefined;
    const handler: PassageHandler = async (one) => ((seen = one), said());
    const other: Handle = async (request, next) => ({ ...(await next(request)), body: chunks('other') });
    const told = await pass([other], handler);
    expect(seen?.cancellation.reason).toBeUndefined();
    expect(await textsIn(told.body)).toEqual(['other']);
    expect(seen?.cancellation.reason?.code).toBe(MeshCode.CANCELLED);
    const failing: Handle = async (request, next) => {
      await next(request);
      throw new MeshError(MeshCode.FORBIDDEN);
    };
    await caught(pass([failing], handler));
    expect(seen?.cancellation.reason?.code).toBe(MeshCode.CANCELLED);
  });

  it('ends with its caller', async () => {
    let seen: InboundPassage | undefined;
    const passage = inboundPassage();
    const told = caught(pass([passOn], (one) => ((seen = one), new Promise(() => undefined)), passage));
    await new Promise((resolve) => setImmediate(resolve));
    const reason = new MeshError(MeshCode.CANCELLED, 'gone');
    passage.cancellation.cancel(reason);
    expect(await told).toBe(reason);
    expect(seen?.cancellation.reason).toBe(reason);
  });
});
