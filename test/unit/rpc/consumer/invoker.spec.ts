import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Cancellation } from '../../../../lib/context/cancellation.js';
import { MeshContext } from '../../../../lib/context/mesh-context.js';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import type { CallOutcome } from '../../../../lib/balance/balancer.js';
import type { CallOwner, OutboundCall } from '../../../../lib/transport/transport.js';
import type { ConsumerCall, ConsumerFilter } from '../../../../lib/rpc/call-filter.js';
import { bytes, fieldsOf, int64 } from '../../../../lib/rpc/facade/wire-type.js';
import { caught } from '../../../support/caught.js';
import { freezeDate } from '../../../support/frozen-date.js';
import { at, codec, FakePeer, invokerOf, type Serve, siteOf } from './invoker-fixtures.js';

const echo: Serve = ({ args }) => args;
const lost = (): never => {
  throw new Error('not reached');
};

/** A connection that refuses before it sends. */
class Refusing extends FakePeer {
  override call(): Promise<Uint8Array> {
    const gone = new MeshError(MeshCode.ADDRESS_UNREACHABLE, 'nobody there', { neverSent: true });
    this.refused++;
    return Promise.reject(gone);
  }
  refused = 0;
}

/** A connection that tells from wherever it is how calls went: it refuses one, and answers those that follow. */
class Telling extends FakePeer {
  private calling = 0;

  constructor(private readonly elsewhere: (tell: () => void) => void) {
    super(true, echo);
  }

  ask(call: OutboundCall, owner: CallOwner): void {
    const gone = new MeshError(MeshCode.ADDRESS_UNREACHABLE, 'nobody there', { neverSent: true });
    if (this.calling++ === 0) return this.elsewhere(() => owner.failed(gone));
    void this.call(call).then((body) => {
      const passing = Buffer.from(body);
      this.elsewhere(() => {
        owner.answered(passing, 'passing');
        passing.fill(0);
      });
    });
  }
}

function contextOf(over: Partial<ConstructorParameters<typeof MeshContext>[0]> = {}): MeshContext {
  const party = { nodeId: '', instId: '' };
  return new MeshContext({
    traceId: 'trace-1',
    spanId: '0.7',
    urn: '',
    service: 'mesh.c.d',
    runMode: 5,
    source: party,
    target: party,
    attachments: {},
    deadline: Date.now() + 5_000,
    cancellation: new Cancellation(),
    ...over,
  });
}

describe.each(['packed', 'standard'] as const)('a call in the %s form', (form) => {
  const peerOf = (serve: Serve, takes?: ConstructorParameters<typeof FakePeer>[2]): FakePeer =>
    new FakePeer(form === 'packed', serve, takes);

  it('has its arguments, and the answer as its wire type says', async () => {
    const peer = peerOf(echo);
    const site = siteOf({ returns: fieldsOf<{ n: bigint }>({ n: int64() }) });
    const answer = await invokerOf([peer]).invoke(site, { n: 2n ** 60n, s: 'ü', none: undefined, list: [1] }, {});
    expect(answer).toEqual({ n: 2n ** 60n, s: 'ü', list: [1] });
    expect(peer.calls).toMatchObject([{ form }]);
    expect(await invokerOf([peerOf(() => undefined)]).invoke(siteOf(), {}, {})).toBeNull();
  });

  it('carries bytes of any size, with and without wire types', async () => {
    const data = Buffer.alloc(100_000, 'mesh');
    const typed = fieldsOf<{ data: Uint8Array }>({ data: bytes() });
    const peer = peerOf(echo, typed);
    for (const size of [0, 5, 200, 100_000]) {
      const said = data.subarray(0, size);
      const answer = await invokerOf([peer]).invoke(siteOf({ returns: typed }), { data: said }, {});
      expect(Buffer.from((answer as { data: Uint8Array }).data).equals(said)).toBe(true);
      expect(Buffer.from(peer.calls.at(-1)!.args['data'] as Uint8Array).equals(said)).toBe(true);
    }
    // Base64 takes a third more.
    expect(peer.calls.at(-1)!.outbound.body.length > 120_000).toBe(form === 'standard');
    const untyped = await invokerOf([peerOf(() => ({ data }))]).invoke(siteOf(), {}, {});
    expect(untyped).toEqual({ data: data.toString('base64') });
  });

  it('takes the fields of an object of a class, and nothing else of it', async () => {
    class Order {
      constructor(readonly data: Uint8Array) {}
      toJSON(): never {
        throw new Error('not asked for');
      }
    }
    const peer = peerOf(({ args }) => Object.keys(args));
    const order = new Order(Buffer.alloc(1_000)) as unknown as Record<string, unknown>;
    expect(await invokerOf([peer]).invoke(siteOf(), order, {})).toEqual(['data']);
  });

  it('fails as the provider does, with its details', async () => {
    const refuse = (): never => {
      throw new MeshError(MeshCode.FORBIDDEN, 'not you', { details: ['a', 'b'] });
    };
    const error = await caught(invokerOf([peerOf(refuse)]).invoke(siteOf(), {}, {}));
    expect(error).toMatchObject({ code: MeshCode.FORBIDDEN, message: 'not you', details: ['a', 'b'] });
  });

  it('says its trace, its run mode, its time and what travels beside it', async () => {
    const peer = peerOf(echo);
    const invoker = invokerOf([peer]);
    const attachments = { Colour: 'blue', traceparent: '00-1-2-01' };
    freezeDate();
    await contextOf({ attachments: { 'x-a': '1' } }).run(() => invoker.invoke(siteOf(), {}, { attachments }));
    const { packed, attachments: got } = peer.calls[0]!;
    expect(got).toMatchObject({ colour: 'blue', traceparent: '00-1-2-01', 'x-a': '1' });
    const said = packed
      ? [packed.traceId, packed.spanId, packed.runMode, packed.timeoutMs]
      : [got['x-ptp-trace-id'], got['mesh-span-id'], Number(got['mesh-run-mode']), Number(got['x-ptp-timeout'])];
    expect(said).toEqual(['trace-1', '0.7.1', 5, 5_000]);
  });

  it('is refused over the limit, by the bytes of the body', async () => {
    const peer = peerOf(echo);
    const invoker = invokerOf([peer], {}, { limits: { maxMessageBytes: 10_000 } });
    const error = await caught(invoker.invoke(siteOf(), { text: 'x'.repeat(20_000) }, {}));
    expect(error).toMatchObject({ code: MeshCode.MESSAGE_TOO_LONG, neverSent: true });
    expect(error.message).toMatch(
      /^the call of mesh\.a\.b takes 2\d{4} bytes, more than limits\.maxMessageBytes \(10000\)$/,
    );
    expect(peer.calls).toEqual([]);
  });

  it('ends at its deadline, by its signal and with the call above, and the connection is told', async () => {
    const peer = peerOf(() => 'never');
    const invoker = invokerOf([peer]);
    const late = await caught(invoker.invoke(siteOf(), {}, { timeoutMs: 20 }));
    expect(late).toMatchObject({ code: MeshCode.TIMEOUT, message: 'mesh.a.b was not answered in time' });

    const abort = new AbortController();
    const aborted = caught(invoker.invoke(siteOf(), {}, { signal: abort.signal }));
    abort.abort();
    expect(await aborted).toMatchObject({ code: MeshCode.CANCELLED, message: 'mesh.a.b was cancelled by its caller' });

    const above = contextOf();
    const below = above.run(() => caught(invoker.invoke(siteOf(), {}, {})));
    const reason = new MeshError(MeshCode.CANCELLED, 'gone');
    above.cancellation.cancel(reason);
    expect(await below).toBe(reason);
    expect(peer.pending).toBe(0);
    const never = await caught(invoker.invoke(siteOf(), {}, { signal: AbortSignal.abort() }));
    expect(never.code).toBe(MeshCode.CANCELLED);
    expect(peer.pending).toBe(0);
  });

  it('goes on in the context of its caller', async () => {
    const invoker = invokerOf([peerOf(echo)]);
    const context = contextOf();
    await context.run(async () => {
      await invoker.invoke(siteOf(), {}, {});
      expect(MeshContext.current()).toBe(context);
      await caught(invoker.invoke(siteOf(), { attachments: 1 }, {}));
      expect(MeshContext.current()).toBe(context);
    });
  });

  it('passes filters, which may change it, answer it, and repeat it', async () => {
    const peer = peerOf(({ args }) => args['n']);
    const seen: ConsumerCall[] = [];
    const outer: ConsumerFilter = {
      filter: async (call, next) => {
        seen.push(call);
        call.attachments['x-added'] = 'yes';
        return [await next({ ...call, args: { n: 2 } }), await next(call)];
      },
    };
    const inner: ConsumerFilter = {
      filter: (call, next) => (call.args['n'] === 3 ? Promise.resolve('answered') : next(call)),
    };
    const filters = [outer, inner];
    expect(await invokerOf([peer], { filters }).invoke(siteOf(), { n: 3 }, { nodeId: 'LX2' })).toEqual([2, 'answered']);
    expect(peer.calls).toMatchObject([{ form, attachments: { 'x-added': 'yes' } }]);
    expect(seen[0]).toMatchObject({ service: 'mesh.a.b', args: { n: 3 }, target: { nodeId: 'LX2' } });
    expect(seen[0]!.context.attachments).toBe(seen[0]!.attachments);
  });

  it('fails as its filters do', async () => {
    const filters: ConsumerFilter[] = [
      {
        filter: () => {
          throw new MeshError(MeshCode.FORBIDDEN, 'not on my watch');
        },
      },
    ];
    const error = await caught(invokerOf([peerOf(echo)], { filters }).invoke(siteOf(), {}, {}));
    expect(error).toMatchObject({ code: MeshCode.FORBIDDEN, message: 'not on my watch' });
  });

  it('ends at its deadline though a filter has answered for it', async () => {
    const peer = peerOf(() => 'never');
    const left: Promise<MeshError>[] = [];
    const hasty: ConsumerFilter = {
      filter: async (call, next) => {
        left.push(caught(next(call)));
        return 'at once';
      },
    };
    const invoker = invokerOf([peer], { filters: [hasty] });
    expect(await invoker.invoke(siteOf(), {}, { timeoutMs: 20 })).toBe('at once');
    expect((await left[0]!).code).toBe(MeshCode.TIMEOUT);
  });
});

describe('a call', () => {
  afterEach(() => {
    expect(MeshContext.current()).toBeUndefined();
  });

  it('goes on in the form that the next peer takes, each form made at most once', async () => {
    for (const [first, second] of [
      [true, false],
      [false, true],
    ] as const) {
      const refusing = new Refusing(first, lost);
      const answering = new FakePeer(second, echo);
      const written = [vi.spyOn(codec, 'encode'), vi.spyOn(codec, 'encodeText')];
      const times = (): number => written.reduce((sum, { mock }) => sum + mock.calls.length, 0);
      const answer = invokerOf([refusing, refusing, answering, answering]).invoke(siteOf(), { n: 1 }, {});
      expect(times()).toBe(1);
      expect(await answer).toEqual({ n: 1 });
      expect(refusing.refused).toBe(2);
      expect(answering.calls.map(({ form }) => form)).toEqual([second ? 'packed' : 'standard']);
      // One of them is the answer.
      expect(times()).toBe(3);
      for (const spy of written) spy.mockRestore();
    }
  });

  it('goes on where it was made, wherever it is told how it went', async () => {
    const storage = new AsyncLocalStorage<string>();
    const where: unknown[] = [];
    const elsewhere = (tell: () => void): void => void setImmediate(() => storage.run('elsewhere', tell));
    const delayMs = (): number => {
      where.push(storage.getStore());
      return 0;
    };
    const pick = () => ({ instance: at('peer:1'), done: (): void => undefined });
    const invoker = invokerOf([new Telling(elsewhere)], {
      retryPolicy: { delayMs },
      routers: [{ route: (instances) => (where.push(storage.getStore()), instances) }],
      balancer: { pick },
    });
    const answer = await storage.run('caller', async () => {
      const data = await invoker.invoke(
        siteOf({ returns: fieldsOf({ data: bytes() }) }),
        { data: Buffer.alloc(9_000, 7) },
        {},
      );
      where.push(storage.getStore());
      return data;
    });
    expect(where).toEqual(['caller', 'caller', 'caller', 'caller']);
    expect(answer).toEqual({ data: Buffer.alloc(9_000, 7) });
  });

  it('shares its head with all calls to the same service and target', async () => {
    const peer = new FakePeer(true, echo);
    const invoker = invokerOf([peer]);
    const targets = [{}, { nodeId: 'LX2' }, { subset: 'a' }, { instId: 'JG2' }];
    for (const target of [...targets, ...targets.map((one) => ({ ...one, timeoutMs: 9_000 }))]) {
      await invoker.invoke(siteOf(), { n: 1 }, target);
    }
    const heads = peer.calls.map(({ outbound }) => outbound.packed!);
    expect(new Set(heads).size).toBe(4);
    expect(heads.slice(4)).toEqual(heads.slice(0, 4));
    expect(heads.every((head, index) => head === peer.calls[index]!.outbound.packed)).toBe(true);
    expect(heads[0]).toMatchObject({
      path: '/mesh-rpc/v1',
      headers: { 'mesh-form': 'packed', 'mesh-call-streams': '1' },
    });
    expect(Object.keys(heads[0]!.headers)).not.toContain('x-ptp-trace-id');
    expect(Object.keys(heads[0]!.headers)).not.toContain('mesh-span-id');
    expect(heads[1]!.headers['x-ptp-target-node-id']).toBe('LX2');
    expect(heads[2]!.headers['mesh-subset']).toBe('a');
    expect(Object.isFrozen(heads[0]!.headers)).toBe(true);
    expect(peer.calls[0]!.outbound).toMatchObject({ path: heads[0]!.path, headers: heads[0]!.headers });
  });

  it('has a head of its own for headers that travel on, but for the trace', async () => {
    const peer = new FakePeer(true, echo);
    const invoker = invokerOf([peer]);
    const session = { 'x-ptp-session-id': 's1' };
    const traced = { traceparent: '00-1-2-01' };
    const all: Record<string, string>[] = [{}, session, { 'x-ptp-token': 't', ...session }, traced, session];
    for (const attachments of all) {
      await invoker.invoke(siteOf(), {}, { attachments });
    }
    const heads = peer.calls.map(({ outbound }) => outbound.headers);
    expect(heads.map((head) => [head['x-ptp-session-id'], head['x-ptp-token'], head['traceparent']])).toEqual([
      [undefined, undefined, undefined],
      ['s1', undefined, undefined],
      ['s1', 't', undefined],
      [undefined, undefined, undefined],
      ['s1', undefined, undefined],
    ]);
    expect(heads[3]).toBe(heads[0]);
    expect(peer.calls[3]!.attachments).toEqual(traced);
  });

  it('keeps so many heads only', async () => {
    const peer = new FakePeer(true, echo);
    const invoker = invokerOf([peer]);
    const [site, first] = [siteOf(), { attachments: { 'x-ptp-session-id': 'first' } }];
    await invoker.invoke(site, {}, first);
    await Promise.all(
      Array.from({ length: 1_100 }, (_, n) =>
        invoker.invoke(site, {}, { attachments: { 'x-ptp-session-id': String(n) } }),
      ),
    );
    await invoker.invoke(site, {}, first);
    expect(peer.calls.at(-1)!.outbound.packed).not.toBe(peer.calls[0]!.outbound.packed);
  });

  it('says in the standard form what is no text beside its arguments', async () => {
    const peer = new FakePeer(true, echo);
    const attachments = { depth: 3 } as unknown as Record<string, string>;
    await invokerOf([peer]).invoke(siteOf(), {}, { attachments });
    expect(peer.calls).toMatchObject([{ form: 'standard', attachments: { depth: '3' } }]);
  });

  it('fails when its answer is none', async () => {
    for (const body of ['', '\u0000', '\u0000\u0003abc', '\u0005']) {
      const peer = new FakePeer(true, echo);
      peer.call = () => Promise.resolve(Buffer.from(body));
      expect((await caught(invokerOf([peer]).invoke(siteOf(), {}, {}))).code).toBe(MeshCode.ENCODING);
    }
  });

  it('asks a registry that has to wait, and tells who picked the instance how it went', async () => {
    const outcomes: CallOutcome[] = [];
    const peers = [new Refusing(true, lost), new FakePeer(true, echo)];
    const picks = [at('peer:1'), at('peer:2')];
    const invoker = invokerOf(peers, {
      registry: { resolve: async () => picks },
      routers: [{ route: (instances) => instances.slice(outcomes.length, outcomes.length + 1) }],
      balancer: { pick: ([instance]) => ({ instance: instance!, done: (outcome) => void outcomes.push(outcome) }) },
    });
    expect(await invoker.invoke(siteOf(), { n: 1 }, {})).toEqual({ n: 1 });
    expect(outcomes).toMatchObject([{ error: { code: MeshCode.ADDRESS_UNREACHABLE } }, {}]);
    expect(outcomes[1]!.error).toBeUndefined();
    const none = invokerOf(peers, { registry: { resolve: () => Promise.reject(new MeshError(MeshCode.FORBIDDEN)) } });
    expect((await caught(none.invoke(siteOf(), {}, {}))).code).toBe(MeshCode.FORBIDDEN);
  });
});
