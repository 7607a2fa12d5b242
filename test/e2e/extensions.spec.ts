import { Inject, Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  direct,
  MeshCode,
  MeshContext,
  MeshError,
  MeshFacade,
  type MeshOptions,
  MeshProvider,
  type MeshService,
  MeshSessions,
  Mpi,
} from 'nestjs-mesh';
import {
  BALANCER,
  type Balancer,
  type CallNext,
  type CallOutcome,
  CODEC,
  type Codec,
  type Connection,
  CONSUMER_FILTER,
  type ConsumerCall,
  type ConsumerFilter,
  type Delivery,
  DIALECT,
  type Dialect,
  type FailedAttempt,
  type Instance,
  type CallHandler,
  type InboundAnswer,
  type Listener,
  type ListenAt,
  MeshExtension,
  type OutboundCall,
  type Pick,
  PROVIDER_FILTER,
  type ProviderCall,
  type ProviderFilter,
  type QueueKey,
  type RawRequest,
  REGISTRY,
  type Registry,
  RETRY_POLICY,
  type RetryPolicy,
  ROUTER,
  type Router,
  type ServiceQuery,
  SESSION_STORE,
  type SessionMessage,
  type SessionStore,
  type StoreStats,
  TRANSPORT,
  type Transport,
} from 'nestjs-mesh/spi';
import { StandardDialect } from '../../lib/protocol/dialects/standard/standard-dialect.js';
import { caught } from '../support/caught.js';
import { startApp, type TestAppParts } from '../support/mesh-app.js';

@MeshFacade()
class Echo {
  @Mpi('mesh.echo.say', ['text']) say!: (text: string) => Promise<string>;
}

@MeshProvider(Echo)
class EchoController implements MeshService<Echo> {
  say(text: string): string {
    return `${text}${MeshContext.current()?.attachments['mark'] ?? ''}`;
  }
}

const provider = (parts: TestAppParts = {}) => startApp({ controllers: [EchoController], ...parts });

/** A consumer with extensions of its own. */
async function consumer(extensions: TestAppParts['providers'], options: MeshOptions = {}): Promise<Echo> {
  const app = await startApp({ facades: [Echo], providers: [...(extensions ?? [])], options });
  return app.client(Echo);
}

describe('an extension of the user takes the place of what is built in', () => {
  it('in the family of codecs, on both sides', async () => {
    /** JSON, backwards. */
    @MeshExtension(CODEC, 'backwards')
    class Backwards implements Codec {
      readonly format = 'json';
      readonly contentTypes = ['application/x-backwards'];
      encode(value: unknown): Uint8Array {
        return Buffer.from(JSON.stringify(value)).toReversed();
      }
      decode(bytes: Uint8Array): unknown {
        return JSON.parse(Buffer.from(bytes.toReversed()).toString());
      }
    }
    const options = { use: { codec: 'backwards' } };
    const { address } = await provider({ providers: [Backwards], options });

    const same = await consumer([Backwards], { ...options, addresses: [address] });
    expect(await same.say('hello')).toBe('hello');
    const other = await consumer([], { addresses: [address] });
    expect((await caught(other.say('hello'))).code).toBe(MeshCode.ENCODING);
  });

  it('in the family of transports', async () => {
    const sent: string[] = [];
    class Lines {
      acceptor: Parameters<Transport['listen']>[1] | undefined;
    }
    /** A line that is not there: hands each call to whoever listens in this process. */
    @MeshExtension(TRANSPORT, 'line')
    class LineTransport implements Transport {
      readonly proto = 'line';
      constructor(@Inject(Lines) private readonly lines: Lines) {}
      dial(address: string): Connection {
        const exchange = async (call: OutboundCall): Promise<InboundAnswer> => {
          sent.push(`${address} ${call.path}`);
          const handler = this.lines.acceptor!(call.path) as CallHandler;
          const head = { query: '', wire: 'grpc', method: 'POST', contentType: 'application/grpc' } as const;
          const answer = await handler({ ...call, ...head, peer: 'line' });
          const body = answer instanceof Uint8Array ? answer : answer.body;
          return { body, contentType: 'application/grpc', status: 200, headers: {} };
        };
        return {
          pending: 0,
          call: async (call) => (await exchange(call)).body,
          exchange,
          open: () => {
            throw new Error('a line has no streams');
          },
          close: () => Promise.resolve(),
          destroy: () => undefined,
        };
      }
      async listen(at: ListenAt, acceptor: Parameters<Transport['listen']>[1]): Promise<Listener> {
        this.lines.acceptor = acceptor;
        const nothing = { pending: 0, server: 'line', close: () => Promise.resolve(), destroy: () => undefined };
        return { ...nothing, address: `line:${at.port}` };
      }
    }
    const providers = [{ provide: Lines, useValue: new Lines() }, LineTransport];
    const listen = { host: '127.0.0.1', port: 4, transports: ['line'] };
    const { address } = await provider({ providers, options: { listen } });
    expect(address).toBe('line:4');

    const services = [{ service: 'mesh.echo.*', addresses: ['somewhere:9'], transport: 'line' }];
    const echo = await consumer(providers, { services });
    expect(await echo.say('hello')).toBe('hello');
    expect(sent).toEqual(['somewhere:9 /mesh-rpc/v1']);
  });

  it('in the family of registries', async () => {
    @Injectable()
    class Addresses {
      readonly known = new Map<string, string>();
    }
    @MeshExtension(REGISTRY, 'map', { priority: 1 })
    class MapRegistry implements Registry {
      constructor(private readonly addresses: Addresses) {}
      async resolve({ service }: ServiceQuery): Promise<readonly Instance[]> {
        const address = this.addresses.known.get(service);
        return address ? [{ address, nodeId: '', instId: '', subset: '' }] : [];
      }
    }
    const { address } = await provider();
    const app = await startApp({ facades: [Echo], providers: [MapRegistry, Addresses] });
    const echo = app.client(Echo);

    expect((await caught(echo.say('hello'))).code).toBe(MeshCode.NO_INSTANCE);
    app.app.get(Addresses).known.set('mesh.echo.say', address);
    expect(await echo.say('hello')).toBe('hello');
  });

  it('in the family of routers, of which all are used', async () => {
    @MeshExtension(ROUTER, 'last-only')
    class LastOnly implements Router {
      route(instances: readonly Instance[]): readonly Instance[] {
        return instances.slice(-1);
      }
    }
    const { address } = await provider();
    const echo = await consumer([LastOnly], { addresses: ['127.0.0.1:1', address] });
    for (let i = 0; i < 4; i++) expect(await echo.say('hello')).toBe('hello');
  });

  it('in the family of balancers, which hear how calls end', async () => {
    const outcomes: (CallOutcome & { readonly address: string })[] = [];
    @MeshExtension(BALANCER, 'first', { priority: 1 })
    class First implements Balancer {
      pick([instance]: readonly Instance[]): Pick {
        const { address } = instance!;
        return { instance: instance!, done: (outcome) => outcomes.push({ ...outcome, address }) };
      }
    }
    const [a, b] = await Promise.all([provider(), provider()]);
    const echo = await consumer([First], { addresses: [a.address, b.address], retry: { retries: 0 } });

    await echo.say('hello');
    await echo.say('hello');
    await caught(direct(echo, { address: '127.0.0.1:1' }).say('hello'));
    expect(outcomes.map(({ address }) => address)).toEqual([a.address, a.address, '127.0.0.1:1']);
    expect(outcomes.map(({ error }) => error?.code)).toEqual([undefined, undefined, MeshCode.ADDRESS_UNREACHABLE]);
    expect(outcomes.every(({ durationMs }) => durationMs > 0)).toBe(true);
  });

  it('in the family of retry policies', async () => {
    const failures: FailedAttempt[] = [];
    @MeshExtension(RETRY_POLICY, 'four', { priority: 1 })
    class FourTimes implements RetryPolicy {
      delayMs(failed: FailedAttempt): number | undefined {
        failures.push(failed);
        return failed.attempt < 4 ? 0 : undefined;
      }
    }
    const echo = await consumer([FourTimes], { addresses: ['127.0.0.1:1'] });

    expect((await caught(echo.say('hello'))).code).toBe(MeshCode.ADDRESS_UNREACHABLE);
    expect(failures.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(failures[0]).toMatchObject({ idempotent: false, retries: undefined, error: { neverSent: true } });
  });

  it('in the family of session stores', async () => {
    const pushed: string[] = [];
    /** Keeps nothing, and has always the same to say. */
    @MeshExtension(SESSION_STORE, 'constant')
    class ConstantStore implements SessionStore {
      private readonly message = { payload: Buffer.from('always'), metadata: {}, id: '' };
      async push({ session, topic }: QueueKey): Promise<void> {
        pushed.push(`${session}/${topic}`);
      }
      async pop(): Promise<Delivery> {
        return { message: this.message, confirm: () => undefined, giveBack: () => undefined };
      }
      async peek(): Promise<SessionMessage> {
        return this.message;
      }
      async release(): Promise<void> {}
      stats(): StoreStats {
        return { sessions: 0, queues: 0, messages: 0, bytes: 0, waiting: 0 };
      }
      async close(): Promise<void> {}
    }
    const { app } = await startApp({ providers: [ConstantStore], options: { use: { 'session-store': 'constant' } } });
    await using session = app.get(MeshSessions).open('s');
    await session.push(Buffer.from('lost'), { topic: 't' });
    expect(pushed).toEqual(['s/t']);
    expect(String(await session.pop({ topic: 't' }))).toBe('always');
  });

  it('in the family of dialects, by the name of what is built in', async () => {
    const recognised: string[] = [];
    /** The standard's dialect, by whoever speaks it, with an ear to it. */
    @MeshExtension(DIALECT, 'yacl')
    class HeardDialect implements Dialect {
      private readonly standard = new StandardDialect();
      readonly readRequest = this.standard.readRequest.bind(this.standard);
      readonly writeAnswer = this.standard.writeAnswer.bind(this.standard);
      readonly writeRequest = this.standard.writeRequest.bind(this.standard);
      readonly readAnswer = this.standard.readAnswer.bind(this.standard);
      recognise(request: RawRequest): number {
        recognised.push(request.operation);
        return 0;
      }
    }
    const { app, address } = await startApp({ providers: [HeardDialect] });
    await using session = app.get(MeshSessions).open('s', { node: { address, dialect: 'yacl' } });
    await session.push(Buffer.from('x'), { topic: 't' });
    expect(String(await session.pop({ topic: 't' }))).toBe('x');
    expect(recognised).toEqual(['push', 'pop']);
  });

  it('by the name of what is built in', async () => {
    @MeshExtension(BALANCER, 'round-robin')
    class Broken implements Balancer {
      pick(): Pick {
        throw new MeshError(MeshCode.NOT_PERMITTED, 'none of them');
      }
    }
    const { address } = await provider();
    const echo = await consumer([Broken], { addresses: [address] });
    expect(await caught(echo.say('hello'))).toMatchObject({ code: MeshCode.NOT_PERMITTED, message: 'none of them' });
  });
});

describe('filters', () => {
  function noting(seen: string[], name: string) {
    return async <C>(call: C, next: CallNext<C>): Promise<unknown> => {
      seen.push(`${name} in`);
      try {
        return await next(call);
      } finally {
        seen.push(`${name} out`);
      }
    };
  }

  it('run by priority, the highest outermost, on both sides', async () => {
    const seen: string[] = [];
    @MeshExtension(CONSUMER_FILTER, 'low', { priority: -1 })
    class ConsumerLow implements ConsumerFilter {
      readonly filter = noting(seen, 'consumer low');
    }
    @MeshExtension(CONSUMER_FILTER, 'high', { priority: 1 })
    class ConsumerHigh implements ConsumerFilter {
      readonly filter = noting(seen, 'consumer high');
    }
    @MeshExtension(PROVIDER_FILTER, 'low')
    class ProviderLow implements ProviderFilter {
      readonly filter = noting(seen, 'provider low');
    }
    @MeshExtension(PROVIDER_FILTER, 'high', { priority: 10 })
    class ProviderHigh implements ProviderFilter {
      readonly filter = noting(seen, 'provider high');
    }
    const { address } = await provider({ providers: [ProviderLow, ProviderHigh] });
    const echo = await consumer([ConsumerLow, ConsumerHigh], { addresses: [address] });

    expect(await echo.say('hello')).toBe('hello');
    const names = ['consumer high', 'consumer low', 'provider high', 'provider low'];
    expect(seen).toEqual([...names.map((name) => `${name} in`), ...names.toReversed().map((name) => `${name} out`)]);
  });

  it('of consumers add attachments, change arguments and answers, and answer by themselves', async () => {
    @MeshExtension(CONSUMER_FILTER, 'changing')
    class Changing implements ConsumerFilter {
      async filter(call: ConsumerCall, next: CallNext<ConsumerCall>): Promise<unknown> {
        const { text } = call.args as { text: string };
        if (text === 'stop') return 'stopped';
        if (text === 'refuse') throw new MeshError(MeshCode.NOT_PERMITTED, 'refused here');
        call.attachments['mark'] = '!';
        return `<${String(await next({ ...call, args: { text: text.toUpperCase() } }))}>`;
      }
    }
    const { address } = await provider();
    const echo = await consumer([Changing], { addresses: [address] });

    expect(await echo.say('hello')).toBe('<HELLO!>');
    expect(await echo.say('stop')).toBe('stopped');
    expect(await caught(echo.say('refuse'))).toMatchObject({ code: MeshCode.NOT_PERMITTED, message: 'refused here' });
  });

  it('of providers see arguments and context before guards and pipes, and may refuse', async () => {
    const seen: unknown[] = [];
    @MeshExtension(PROVIDER_FILTER, 'refusing')
    class Refusing implements ProviderFilter {
      async filter(call: ProviderCall, next: CallNext<ProviderCall>): Promise<unknown> {
        seen.push([call.service, { ...call.args }, call.context.spanId]);
        if (call.args['text'] === 'secret') throw new MeshError(MeshCode.FORBIDDEN, 'not that', { details: ['text'] });
        return next({ ...call, args: { text: `${String(call.args['text'])}?` } });
      }
    }
    const { address } = await provider({ providers: [Refusing] });
    const echo = await consumer([], { addresses: [address] });

    expect(await echo.say('hello')).toBe('hello?');
    expect(await caught(echo.say('secret'))).toMatchObject({
      code: MeshCode.FORBIDDEN,
      message: 'not that',
      details: ['text'],
    });
    expect(seen).toEqual([
      ['mesh.echo.say', { text: 'hello' }, '0'],
      ['mesh.echo.say', { text: 'secret' }, '0'],
    ]);
  });

  it('that throw something else, or at once, are errors of the call', async () => {
    @MeshExtension(CONSUMER_FILTER, 'throwing')
    class Throwing implements ConsumerFilter {
      filter(): never {
        throw new TypeError('a mistake');
      }
    }
    const echo = await consumer([Throwing], { addresses: ['127.0.0.1:1'] });
    expect(await caught(echo.say('hello'))).toMatchObject({ code: MeshCode.SYSTEM_ERROR, message: 'a mistake' });

    @MeshExtension(PROVIDER_FILTER, 'throwing')
    class ProviderThrowing implements ProviderFilter {
      filter(): never {
        throw new TypeError('a mistake there');
      }
    }
    const { address } = await provider({ providers: [ProviderThrowing] });
    const other = await consumer([], { addresses: [address] });
    expect(await caught(other.say('hello'))).toMatchObject({ code: MeshCode.SYSTEM_ERROR, message: 'a mistake there' });
    expect((await caught(other.say('hello'))).code).toBe(MeshCode.SYSTEM_ERROR);
  });
});
