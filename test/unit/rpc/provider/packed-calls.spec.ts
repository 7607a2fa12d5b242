import { bytes, fieldsOf, MeshCode, type MeshContext, MeshError } from 'nestjs-mesh';
import type { CallAnswer, CallHandler, Codec, InboundCall } from 'nestjs-mesh/spi';
import { describe, expect, it } from 'vitest';
import { CallCodecs } from '../../../../lib/codec/call-codecs.js';
import { JsonCodec } from '../../../../lib/codec/json/json-codec.js';
import { packContent, unpackContent } from '../../../../lib/codec/packed-content.js';
import { Cancellation } from '../../../../lib/context/cancellation.js';
import { resolveMeshOptions } from '../../../../lib/options/resolve-options.js';
import { readPackedAnswer } from '../../../../lib/protocol/packed/packed-answer.js';
import type { ContentToWrite, PackedContent } from '../../../../lib/protocol/packed/packed-content.js';
import { type PackedRequest, writePackedRequest } from '../../../../lib/protocol/packed/packed-request.js';
import { PayloadWriter } from '../../../../lib/protocol/payload.js';
import { formatUrn } from '../../../../lib/protocol/urn.js';
import { ProviderDispatcher } from '../../../../lib/rpc/provider/dispatcher.js';
import type { ProviderService } from '../../../../lib/rpc/provider/provider-service.js';
import { ServiceTable } from '../../../../lib/rpc/provider/service-table.js';
import { wholeOf } from '../../../../lib/transport/tails.js';
import { freezeDate } from '../../../support/frozen-date.js';

type Invoke = ProviderService['invoke'];
type Args = Readonly<Record<string, unknown>>;

const options = resolveMeshOptions({ limits: { maxMessageBytes: 100_000 } }, {});
const json = new JsonCodec(options);
const other: Codec = {
  format: 'other',
  contentTypes: ['application/x-other'],
  encode: (value) => Buffer.from(JSON.stringify(value)).toReversed(),
  decode: (encoded) => JSON.parse(Buffer.from(Buffer.from(encoded).toReversed()).toString()) as unknown,
};
const urn = formatUrn({ name: 'mesh.a.b', nodeId: 'LX0000010000280' });
const head = Object.freeze({ 'mesh-urn': urn, 'mesh-form': 'packed' });

function makeServices(invoke: Invoke): ServiceTable {
  const services = new ServiceTable();
  const wire = fieldsOf<{ data: Uint8Array }>({ data: bytes() });
  services.add({ service: 'mesh.a.b', provider: 'A.b', wire, timeoutMs: undefined, invoke });
  return services;
}

function makeDispatcher(invoke: Invoke, services = makeServices(invoke)): ProviderDispatcher {
  return new ProviderDispatcher(services, { codecs: new CallCodecs(json, [json, other]), filters: [] }, options);
}

function packed(args: unknown, over: Partial<PackedRequest<ContentToWrite>> = {}): Uint8Array {
  const out = new PayloadWriter();
  const said = { timeoutMs: 0, traceId: '', spanId: '', runMode: 0, attachments: {}, content: packContent(json, args) };
  writePackedRequest(out, { ...said, ...over });
  return out.written;
}

function makeCall(body: Uint8Array, over: Partial<InboundCall> = {}): InboundCall {
  return {
    path: '/mesh-rpc/v1',
    query: '',
    wire: 'grpc',
    method: 'POST',
    contentType: 'application/grpc',
    headers: head,
    body,
    deadline: Infinity,
    cancellation: new Cancellation(),
    peer: 'test',
    ...over,
  };
}

const opened = (answer: Uint8Array): unknown => unpackContent(json, readPackedAnswer(answer), () => true);

/** What the caller is told. */
function told(answer: Uint8Array): MeshError {
  try {
    readPackedAnswer(answer);
  } catch (error) {
    if (error instanceof MeshError) return error;
  }
  throw new Error('expected a failure');
}

async function handled(dispatcher: ProviderDispatcher, call: InboundCall): Promise<Uint8Array> {
  const answer = await dispatcher.handle(call);
  return answer instanceof Uint8Array ? answer : wholeOf(answer);
}

/** What a handler gets of a call. */
async function served(call: InboundCall): Promise<{ readonly args: Args; readonly context: MeshContext }> {
  const calls: { args: Args; context: MeshContext }[] = [];
  const dispatcher = makeDispatcher(async (args, context) => void calls.push({ args, context }));
  expect(opened(await handled(dispatcher, call))).toBeNull();
  return calls[0]!;
}

describe('a packed call', () => {
  it('is answered with long bytes as they are, where the answer may have a tail', async () => {
    const data = Buffer.alloc(40_000, 7);
    const call = { ...makeCall(packed({})), takesTails: true };
    const answer = await makeDispatcher(async () => ({ data })).handle(call);
    if (answer instanceof Uint8Array) throw new Error('expected a tail');
    expect(answer.tail).toBe(data);
    expect(opened(wholeOf(answer))).toEqual({ data });
  });

  it('is served, and answered in its form, with bytes beside the result', async () => {
    const dispatcher = makeDispatcher(async ({ n }) => ({ n, data: Buffer.alloc(500, 7) }));
    const answer = await handled(dispatcher, makeCall(packed({ n: 1 })));
    expect(opened(answer)).toEqual({ n: 1, data: Buffer.alloc(500, 7) });
    expect(answer.length).toBeLessThan(550);
    expect(dispatcher.tally.list()).toEqual([['mesh.a.b', { served: 1, failed: 0, underWay: 0 }]]);
  });

  it('has bytes where the provider expects them, and base64 text elsewhere', async () => {
    const data = Buffer.alloc(200, 1);
    const { args } = await served(makeCall(packed({ data, free: { data }, few: Buffer.from('few') })));
    const text = data.toString('base64');
    expect({ ...args }).toEqual({ data, free: { data: text }, few: Buffer.from('few').toString('base64') });
  });

  it('finds nothing in its arguments that was not sent, nor its attachments', async () => {
    const { args } = await served(makeCall(packed({ n: 1, attachments: { 'x-mine': 'no' } })));
    expect(Object.keys(args)).toEqual(['n']);
    expect(args['constructor']).toBeUndefined();
  });

  it('has a context of what its body says, and what its head says', async () => {
    const said = { traceId: 'C000020220926', spanId: '0.3', runMode: 2, timeoutMs: 60_000 };
    const attachments = { 'x-mine': 'a', 'x-ptp-session-id': 'body', 'mesh-urn': 'nobody', traceparent: 'broken' };
    const headers = {
      ...head,
      'x-ptp-trace-id': 'C999',
      'mesh-span-id': '0.9',
      'x-ptp-source-node-id': 'LX1',
      'x-ptp-source-inst-id': 'JG1',
      'x-ptp-target-inst-id': 'JG2',
      'x-ptp-token': 'secret',
      'x-ptp-session-id': 'head',
    };
    const now = freezeDate();
    const { context } = await served(makeCall(packed({}, { ...said, attachments }), { headers }));
    expect(context).toMatchObject({ traceId: 'C000020220926', spanId: '0.3', runMode: 2, urn, service: 'mesh.a.b' });
    expect([context.source, context.target]).toEqual([
      { nodeId: 'LX1', instId: 'JG1' },
      { nodeId: 'lx0000010000280', instId: 'JG2' },
    ]);
    expect({ ...context.attachments }).toEqual({ 'x-mine': 'a', 'x-ptp-session-id': 'body', 'x-ptp-token': 'secret' });
    expect(context.deadline).toBe(now + 60_000);
  });

  it('begins a trace of its own when it says none that can be', async () => {
    const { context } = await served(makeCall(packed({}, { traceId: 'no trace!', spanId: '../..' })));
    expect([context.traceId.length > 10, context.spanId]).toEqual([true, '0']);
  });

  it('has the time that its transport says, else its body, else its head, else its provider', async () => {
    const now = freezeDate();
    const timed = async (timeoutMs: number, over: Partial<InboundCall>): Promise<number> => {
      const { context } = await served(makeCall(packed({}, { timeoutMs }), over));
      return context.deadline - now;
    };
    expect(await timed(20_000, { deadline: now + 5_000 })).toBe(5_000);
    expect(await timed(20_000, { headers: { ...head, 'x-ptp-timeout': '7000' } })).toBe(20_000);
    expect(await timed(0, { headers: { ...head, 'x-ptp-timeout': '7000' } })).toBe(7_000);
    expect(await timed(0, {})).toBe(10_000);
  });

  it('has attachments that are its own, though its head is shared', async () => {
    const dispatcher = makeDispatcher(async (_, { attachments }) => {
      const found = { ...attachments };
      (attachments as Record<string, string>)['x-left'] = 'behind';
      return found;
    });
    const headers = Object.freeze({ ...head, 'x-ptp-token': 'secret' });
    for (const attachments of [{ 'x-mine': 'a' }, {} as Record<string, string>]) {
      const answer = await handled(dispatcher, makeCall(packed({}, { attachments }), { headers }));
      expect(opened(answer)).toEqual({ ...attachments, 'x-ptp-token': 'secret' });
    }
  });

  it('calls what may be called where it came in, though its head was seen elsewhere', async () => {
    const dispatcher = makeDispatcher(async () => 1);
    const admits = (): boolean => false;
    const anywhere = makeCall(packed({}));
    expect(opened(await handled(dispatcher, anywhere))).toBe(1);
    expect(told(await handled(dispatcher, { ...anywhere, admits })).code).toBe(MeshCode.NO_SERVICE);
    expect(opened(await handled(dispatcher, anywhere))).toBe(1);
  });

  it('calls what provides the service now, though its head was seen before', async () => {
    const services = new ServiceTable();
    const service = { service: 'mesh.a.b', provider: 'A.b', wire: undefined, timeoutMs: undefined };
    services.addFallback({ ...service, invoke: async () => 'stands in' });
    const dispatcher = makeDispatcher(async () => 1, services);
    expect(opened(await handled(dispatcher, makeCall(packed({}))))).toBe('stands in');
    services.add({ ...service, invoke: async () => 'provides' });
    expect(opened(await handled(dispatcher, makeCall(packed({}))))).toBe('provides');
  });

  it('is read and answered by the codec of its content', async () => {
    const dispatcher = makeDispatcher(async ({ n }) => ({ n }));
    const content = packContent(other, { n: 3 });
    const answer = readPackedAnswer(await handled(dispatcher, makeCall(packed({}, { content }))));
    expect(answer.contentType).toBe('application/x-other');
    expect(other.decode(answer.encoded)).toEqual({ n: 3 });
  });

  it('is told of failures in its form', async () => {
    const error = new MeshError(MeshCode.FORBIDDEN, 'not you', { details: ['a', 'b'] });
    const answer = await handled(
      makeDispatcher(() => Promise.reject(error)),
      makeCall(packed({})),
    );
    expect(told(answer)).toMatchObject({ code: MeshCode.FORBIDDEN, message: 'not you', details: ['a', 'b'] });
  });

  const content = (encoded: string, contentType = '', parts: PackedContent['parts'] = []): Partial<PackedRequest> => ({
    content: { contentType, encoded: Buffer.from(encoded), parts },
  });

  it.each([
    ['is no packed call', Buffer.from('{}'), MeshCode.ENCODING, /packed in version 123/],
    [
      'is of a type that nobody reads',
      packed({}, content('{}', 'application/x-none')),
      MeshCode.ENCODING,
      /'application\/json', 'application\/x-other'/,
    ],
    ['has no object for arguments', packed([1]), MeshCode.INVALID_REQUEST, /one object with each argument/],
    ['has bytes for arguments', packed(Buffer.alloc(200)), MeshCode.INVALID_REQUEST, /one object with each argument/],
    [
      'has an argument that is forbidden',
      packed({}, content('{"__proto__": 1}')),
      MeshCode.INVALID_REQUEST,
      /'__proto__'/,
    ],
    [
      'has forbidden arguments by another codec',
      packed({}, { content: packContent(other, JSON.parse('{"__proto__": 1}')) }),
      MeshCode.INVALID_REQUEST,
      /'__proto__'/,
    ],
    [
      'has bytes without a place',
      packed({}, content('{}', '', [{ path: ['a'], bytes: Buffer.from('a') }])),
      MeshCode.ENCODING,
      /no place/,
    ],
    [
      'has an argument of the wrong type',
      packed({ data: 1 }),
      MeshCode.INVALID_REQUEST,
      /arguments.data must be bytes/,
    ],
    ['is too long', packed({ text: 'x'.repeat(100_000) }), MeshCode.MESSAGE_TOO_LONG, /the call takes/],
  ] as const)('is refused in its form when it %s', async (_, body, code, message) => {
    const invoked: unknown[] = [];
    const answer = told(
      await handled(
        makeDispatcher(async () => invoked.push(1)),
        makeCall(body),
      ),
    );
    expect(answer.code).toBe(code);
    expect(answer.message).toMatch(message);
    expect(invoked).toEqual([]);
  });

  it("is refused when its head names no service, or one that is nobody's, before its body is read", async () => {
    const dispatcher = makeDispatcher(async () => 1);
    const broken = Buffer.from('broken');
    const nothing = await handled(dispatcher, makeCall(broken, { headers: { 'mesh-form': 'packed' } }));
    expect(told(nothing).message).toMatch(/'mesh-urn' is missing/);
    const nobody = { ...head, 'mesh-urn': formatUrn({ name: 'mesh.a.c', nodeId: 'LX' }) };
    expect(told(await handled(dispatcher, makeCall(broken, { headers: nobody }))).code).toBe(MeshCode.NO_SERVICE);
    expect(dispatcher.tally.unknown).toBe(2);
  });

  it('is told when its answer is too long, or cannot be said', async () => {
    const long = await handled(
      makeDispatcher(async () => Buffer.alloc(100_000)),
      makeCall(packed({})),
    );
    expect(told(long)).toMatchObject({ code: MeshCode.MESSAGE_TOO_LONG });
    const circle: unknown[] = [];
    circle.push(circle);
    expect(
      told(
        await handled(
          makeDispatcher(async () => circle),
          makeCall(packed({})),
        ),
      ).code,
    ).toBe(MeshCode.ENCODING);
  });

  it('is told in its form of what goes wrong on the way to its handler', () => {
    const refused = makeDispatcher(async () => 1).handle.refuse?.(
      new MeshError(MeshCode.FORBIDDEN),
      makeCall(packed({})),
    );
    expect(told(refused as Uint8Array).code).toBe(MeshCode.FORBIDDEN);
  });

  it('is served over HTTP, too', async () => {
    const invoke = makeDispatcher(async () => 1).accept('/mesh/invoke') as CallHandler;
    const call = makeCall(packed({}), { wire: 'http', contentType: 'application/octet-stream' });
    const answer = (await invoke(call)) as CallAnswer;
    expect([answer.contentType, opened(answer.body)]).toEqual(['application/octet-stream', 1]);
    const refused = invoke.refuse?.(new MeshError(MeshCode.FORBIDDEN), call) as CallAnswer;
    expect([refused.contentType, told(refused.body).code]).toEqual(['application/octet-stream', MeshCode.FORBIDDEN]);
  });
});
