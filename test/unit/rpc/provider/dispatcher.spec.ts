import { MeshCode, MeshError } from 'nestjs-mesh';
import type { CallAnswer, CallHandler, Codec, InboundCall, ProviderFilter } from 'nestjs-mesh/spi';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallCodecs } from '../../../../lib/codec/call-codecs.js';
import { Cancellation } from '../../../../lib/context/cancellation.js';
import { resolveMeshOptions } from '../../../../lib/options/resolve-options.js';
import { formatUrn } from '../../../../lib/protocol/urn.js';
import { ProviderDispatcher } from '../../../../lib/rpc/provider/dispatcher.js';
import { ServiceTable } from '../../../../lib/rpc/provider/service-table.js';

const codec: Codec = {
  format: 'json',
  contentTypes: ['application/json'],
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as unknown,
};

function makeDispatcher(invoke: () => Promise<unknown>, ...filters: ProviderFilter[]): ProviderDispatcher {
  const services = new ServiceTable();
  services.add({ service: 'mesh.a.b', provider: 'A.b', wire: undefined, timeoutMs: undefined, invoke });
  return new ProviderDispatcher(services, { codecs: new CallCodecs(codec, []), filters }, resolveMeshOptions({}, {}));
}

function makeCall(over: Partial<InboundCall> = {}): InboundCall {
  return {
    path: '/mesh-rpc/v1',
    query: '',
    wire: 'grpc',
    method: 'POST',
    contentType: 'application/grpc',
    headers: { 'mesh-urn': formatUrn({ name: 'mesh.a.b', nodeId: 'LX' }) },
    body: Buffer.from('{}'),
    deadline: Infinity,
    cancellation: new Cancellation(),
    peer: 'test',
    ...over,
  };
}

async function bareAnswerOf(dispatcher: ProviderDispatcher, call: InboundCall): Promise<Uint8Array> {
  const answer = await dispatcher.handle(call);
  if (answer instanceof Uint8Array) return answer;
  throw new Error('expected an answer without more');
}

async function answer(dispatcher: ProviderDispatcher, call = makeCall()): Promise<unknown> {
  return codec.decode(await bareAnswerOf(dispatcher, call));
}

describe('the dispatcher', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('serves RPC at its path, and nothing elsewhere', () => {
    const dispatcher = makeDispatcher(async () => 1);
    expect(dispatcher.accept('/mesh-rpc/v1')).toBe(dispatcher.handle);
    expect(dispatcher.accept('/mesh-rpc/v2')).toBeUndefined();
  });

  it('tells an answer that is there at once at once, and any other when it comes', async () => {
    const services = new ServiceTable();
    const provided = { service: 'mesh.a.b', provider: 'A.b', wire: undefined, timeoutMs: undefined };
    const answers: unknown[] = [1, Promise.resolve(2)];
    services.add({ ...provided, invoke: () => answers.shift() });
    const { handle } = new ProviderDispatcher(
      services,
      { codecs: new CallCodecs(codec, []), filters: [] },
      resolveMeshOptions({}, {}),
    );
    const told: unknown[] = [];
    const note = (said: Uint8Array | CallAnswer) => void told.push(codec.decode(said as Uint8Array));
    handle.tell?.(makeCall(), note);
    expect(told).toMatchObject([{ content: 1 }]);
    handle.tell?.(makeCall(), note);
    await vi.advanceTimersByTimeAsync(0);
    expect(told).toMatchObject([{ content: 1 }, { content: 2 }]);
  });

  it('serves RPC over HTTP at a path of its own, by POST', async () => {
    const invoke = makeDispatcher(async () => 1).accept('/mesh/invoke') as CallHandler;
    const http = { path: '/mesh/invoke', wire: 'http', contentType: 'application/json' } as const;
    const said = (await invoke(makeCall(http))) as CallAnswer;
    expect(said.contentType).toBe('application/json');
    expect(codec.decode(said.body)).toMatchObject({ code: MeshCode.SUCCESS, content: 1 });
    await expect(invoke(makeCall({ ...http, method: 'GET' }))).rejects.toMatchObject({ code: MeshCode.NOT_PERMITTED });
  });

  it('takes the time that a call has from its body only where its transport does not say it', async () => {
    const attachments = { 'x-ptp-timeout': '50' };
    const body = Buffer.from(JSON.stringify({ attachments }));
    const never = (): Promise<unknown> => new Promise(() => undefined);
    const inStream = answer(makeDispatcher(never), makeCall({ body }));
    // What stands in the body was copied there from the call before along the chain.
    const stale = answer(makeDispatcher(never), makeCall({ body, deadline: Date.now() + 5_000 }));
    let settled = 0;
    for (const each of [inStream, stale]) void each.then(() => settled++);
    await vi.advanceTimersByTimeAsync(100);
    expect(await inStream).toMatchObject({ code: MeshCode.TIMEOUT });
    expect(settled).toBe(1);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await stale).toMatchObject({ code: MeshCode.TIMEOUT });
  });

  it('lets go of its clock however a call ends', async () => {
    const cancelled = new Cancellation();
    cancelled.cancel(new MeshError(MeshCode.CANCELLED, 'gone'));
    const throwing: ProviderFilter = {
      filter() {
        throw new Error('at once');
      },
    };
    const answers = [
      await answer(makeDispatcher(async () => 1)),
      await answer(makeDispatcher(() => Promise.reject(new Error('later')))),
      await answer(makeDispatcher(async () => 1, throwing)),
      await answer(
        makeDispatcher(async () => 1),
        makeCall({ cancellation: cancelled }),
      ),
    ];
    expect(answers).toMatchObject([{ content: 1 }, { message: 'later' }, { message: 'at once' }, { message: 'gone' }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends a handler that never answers, and tells it', async () => {
    const call = makeCall();
    const answered = answer(
      makeDispatcher(() => new Promise(() => undefined)),
      call,
    );
    await vi.advanceTimersByTimeAsync(9_999);
    expect(call.cancellation.reason).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(await answered).toMatchObject({ code: MeshCode.TIMEOUT, message: 'mesh.a.b did not answer in time' });
    expect(call.cancellation.reason).toMatchObject({ code: MeshCode.TIMEOUT });
  });

  it('does not call the handler of a caller who has gone', async () => {
    const call = makeCall();
    call.cancellation.cancel(new MeshError(MeshCode.CANCELLED, 'gone'));
    const invoke = vi.fn<() => Promise<number>>(async () => 1);
    expect(await answer(makeDispatcher(invoke), call)).toMatchObject({ code: MeshCode.CANCELLED });
    expect(invoke).not.toHaveBeenCalled();
  });

  it('answers with a code when the answer cannot be encoded', async () => {
    expect(await answer(makeDispatcher(async () => 1n))).toMatchObject({ code: MeshCode.SYSTEM_ERROR });
  });

  it('counts how the calls went, and those that reached no service', async () => {
    const outcomes = [async () => 1, async () => Promise.reject(new Error('no')), () => new Promise(() => undefined)];
    const dispatcher = makeDispatcher(() => outcomes.shift()!() as Promise<unknown>);
    await answer(dispatcher);
    await answer(dispatcher);
    void answer(dispatcher);
    await answer(dispatcher, makeCall({ headers: { 'mesh-urn': formatUrn({ name: 'mesh.made.up', nodeId: 'LX' }) } }));
    await answer(dispatcher, makeCall({ body: Buffer.from('[]') }));
    expect(dispatcher.tally.list()).toEqual([['mesh.a.b', { served: 1, failed: 1, underWay: 1 }]]);
    expect(dispatcher.tally).toMatchObject({ unknown: 2, receivedBytes: 8 });
  });
});
