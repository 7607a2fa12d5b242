import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import type { PassingCall } from '../../../../lib/node/middleware/middleware.js';
import { type CallAnswer, type CallHandler, type InboundCall, refusing } from '../../../../lib/transport/transport.js';
import { chainOf, type Handle, inboundCall, middleware, passOn, urnOf } from '../../../support/middleware-fixtures.js';
import { openPacked, packedBody, packedFailure } from '../../../support/packed-calls.js';

const headers = { 'mesh-urn': urnOf('mesh.a.b'), 'mesh-form': 'packed' };
const packedCall = (over: Partial<InboundCall> = {}): InboundCall =>
  inboundCall({ path: '/mesh-rpc/v1', headers, body: packedBody({ n: 1 }, { traceId: 'C1' }), ...over });

const failure = (error: MeshError): Uint8Array =>
  Buffer.from(JSON.stringify({ code: error.code, message: 'm', cause: {} }));

/** A provider of the standard's form, which notes what arrives. */
function provider(content: unknown = 'done') {
  const seen: InboundCall[] = [];
  const handle = (call: InboundCall): Promise<Uint8Array> => {
    seen.push(call);
    return Promise.resolve(Buffer.from(JSON.stringify({ code: MeshCode.SUCCESS, message: '', content })));
  };
  return { seen, handler: refusing(handle, failure) };
}

const through = (handle: Handle, handler: CallHandler, call = packedCall()) =>
  (chainOf(middleware('m', handle)).around('listen', () => handler)(call.path) as CallHandler)(call);

const textOf = (body: unknown): string => Buffer.from(body as Uint8Array).toString();

describe('a packed call on its way through middleware', () => {
  it('is seen, and goes on, in the form of the standard; its answer is packed', async () => {
    const passed: PassingCall[] = [];
    const answers: string[] = [];
    const { seen, handler } = provider();
    const look: Handle = async (request, next) => {
      passed.push(request as PassingCall);
      const response = await next(request);
      answers.push(textOf(response.body));
      return response;
    };
    expect(openPacked((await through(look, handler)) as Uint8Array)).toBe('done');
    expect(passed[0]).toMatchObject({ service: 'mesh.a.b', headers: { 'x-ptp-trace-id': 'C1' } });
    expect(passed[0]!.headers['mesh-form']).toBeUndefined();
    expect(JSON.parse(textOf(passed[0]!.body))).toMatchObject({ n: 1, attachments: { 'x-ptp-trace-id': 'C1' } });
    expect(JSON.parse(answers[0]!)).toMatchObject({ code: MeshCode.SUCCESS, content: 'done' });
    expect(seen[0]!.headers['mesh-form']).toBeUndefined();
  });

  it('is refused in its own form, by the middleware and when it is malformed', async () => {
    const { seen, handler } = provider();
    const refuse: Handle = () => Promise.reject(new MeshError(MeshCode.FORBIDDEN));
    expect(packedFailure((await through(refuse, handler)) as Uint8Array).code).toBe(MeshCode.FORBIDDEN);
    const asked: unknown[] = [];
    const look: Handle = (request, next) => (asked.push(request), next(request));
    const broken = await through(look, handler, packedCall({ body: Buffer.from('broken') }));
    expect(packedFailure(broken as Uint8Array).code).toBe(MeshCode.ENCODING);
    expect([seen, asked]).toEqual([[], []]);
  });

  it('is answered over HTTP by bytes', async () => {
    const { handler } = provider();
    const answer = (await through(passOn, handler, packedCall({ wire: 'http', path: '/mesh/invoke' }))) as CallAnswer;
    expect([answer.contentType, openPacked(answer.body)]).toEqual(['application/octet-stream', 'done']);
  });

  it('stays packed where no middleware is concerned', async () => {
    const { seen, handler } = provider();
    const chain = chainOf(middleware('m', passOn, { services: ['mesh.other.*'] }));
    const call = packedCall();
    await (chain.around('listen', () => handler)(call.path) as CallHandler)(call);
    expect(seen).toEqual([call]);
  });
});
