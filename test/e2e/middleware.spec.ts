import { setImmediate as turn } from 'node:timers/promises';
import { Injectable, Logger, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import {
  MeshCode,
  MeshContext,
  MeshError,
  MeshFacade,
  meshMicroservice,
  type MeshOptions,
  MeshProvider,
  MeshServer,
  type MeshService,
  MeshSessions,
  Mpi,
  type SessionNode,
} from 'nestjs-mesh';
import {
  type CallNext,
  CONSUMER_FILTER,
  type ConsumerCall,
  type ConsumerFilter,
  MeshExtension,
  MIDDLEWARE,
  type Middleware,
  type PassingNext,
  type PassingRequest,
  type PassingResponse,
} from 'nestjs-mesh/spi';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { formatUrn } from '../../lib/protocol/urn.js';
import { caught } from '../support/caught.js';
import { createApp, startApp, startConsumer, type TestApp, testModule } from '../support/mesh-app.js';

@MeshFacade()
class Vault {
  @Mpi('mesh.vault.open', ['door']) open!: (door: string) => Promise<string>;
}

@MeshFacade()
class Lobby {
  @Mpi('mesh.lobby.greet', ['name']) greet!: (name: string) => Promise<string>;
}

@MeshProvider(Vault)
class VaultController implements MeshService<Vault> {
  open(door: string): string {
    return `${door} for ${MeshContext.current()?.sessionId ?? 'nobody'}`;
  }
}

@MeshProvider(Lobby)
class LobbyController implements MeshService<Lobby> {
  greet(name: string): string {
    return `hello ${name}`;
  }
}

/** What has passed. */
@Injectable()
class Trail {
  readonly steps: string[] = [];
}

/** Knows who may open what, and has to think about it. */
@Injectable()
class Keys {
  async holderOf(token: string | undefined): Promise<string | undefined> {
    await turn();
    return token === 'key' ? 'Ada' : undefined;
  }
}

@MeshExtension(MIDDLEWARE, 'outer', { priority: 10 })
class Outer implements Middleware {
  constructor(private readonly trail: Trail) {}

  async handle(request: PassingRequest, next: PassingNext): Promise<PassingResponse> {
    const { listener, wire, service, path } = request;
    this.trail.steps.push(`outer ${listener} ${wire} ${service || path}`);
    const response = await next(request);
    response.headers['x-passed'] = 'outer';
    return response;
  }
}

/** Lets nobody to the vault who has no key. */
@MeshExtension(MIDDLEWARE, 'guard', { priority: 5 })
class Guard implements Middleware {
  readonly scope = { services: ['mesh.vault.*'] };

  constructor(
    private readonly keys: Keys,
    private readonly trail: Trail,
  ) {}

  async handle(request: PassingRequest, next: PassingNext): Promise<PassingResponse> {
    const holder = await this.keys.holderOf(request.headers['x-ptp-token']);
    if (!holder) throw new MeshError(MeshCode.FORBIDDEN, 'the vault needs a key');
    this.trail.steps.push(`guard ${holder}`);
    request.headers['x-ptp-session-id'] = holder;
    return next(request);
  }
}

/** Answers before anybody is asked. */
@MeshExtension(MIDDLEWARE, 'porter')
class Porter implements Middleware {
  readonly scope = { services: ['mesh.lobby.*'] };

  async handle(request: PassingRequest, next: PassingNext): Promise<PassingResponse> {
    const { name } = JSON.parse(Buffer.from(request.body as Uint8Array).toString()) as { name: string };
    if (name === 'broken') throw new TypeError('the porter fell');
    if (name !== 'Bob') return next(request);
    const body = Buffer.from('{"code":"E0000000000","message":"","content":"Bob is expected"}');
    return { status: 200, headers: { 'content-type': 'application/json' }, body };
  }
}

const PARTS = { controllers: [VaultController, LobbyController], providers: [Trail, Keys, Outer, Guard, Porter] };

async function start(options: MeshOptions = {}): Promise<TestApp & { readonly steps: string[] }> {
  const started = await startApp({ ...PARTS, options: { drainTimeoutMs: 50, ...options } });
  return { ...started, steps: started.app.get(Trail).steps };
}

async function invoke(address: string, name: string, headers: Record<string, string>, args: object) {
  const answer = await fetch(`http://${address}/mesh/invoke`, {
    method: 'POST',
    headers: { 'mesh-urn': formatUrn({ name, nodeId: 'LX0000000000000' }), ...headers },
    body: JSON.stringify(args),
  });
  return {
    status: answer.status,
    passed: answer.headers.get('x-passed'),
    type: answer.headers.get('content-type'),
    json: await answer.json(),
  };
}

describe('calls by RPC', () => {
  it('over gRPC pass by priority and scope, and are told of errors in their envelope', async () => {
    const { address, steps } = await start();
    const vaults = (token: string) =>
      startConsumer(address, { facades: [Vault, Lobby], providers: [signing(token)] }).then((one) => ({
        vault: one.client(Vault),
        lobby: one.client(Lobby),
      }));
    const { vault, lobby } = await vaults('key');
    expect(await vault.open('3')).toBe('3 for Ada');
    expect(steps.splice(0)).toEqual(['outer listen grpc mesh.vault.open', 'guard Ada']);
    expect(await lobby.greet('Eve')).toBe('hello Eve');
    expect(await lobby.greet('Bob')).toBe('Bob is expected');
    expect(steps.splice(0)).toEqual(Array(2).fill('outer listen grpc mesh.lobby.greet'));
    const log = vi.spyOn(Logger.prototype, 'error').mockReturnValue();
    expect(await caught(lobby.greet('broken'))).toMatchObject({
      code: MeshCode.SYSTEM_ERROR,
      message: 'the porter fell',
    });
    expect(log.mock.calls.filter(([line]) => String(line).includes('porter'))).toHaveLength(1);
    const stranger = await vaults('false');
    expect(await caught(stranger.vault.open('3'))).toMatchObject({
      code: MeshCode.FORBIDDEN,
      message: 'the vault needs a key',
    });
  });

  it('over HTTP, too, where the answer has headers', async () => {
    const { address, steps } = await start();
    const opened = await invoke(address, 'mesh.vault.open', { 'x-ptp-token': 'key' }, { door: '3' });
    expect(opened).toMatchObject({
      status: 200,
      passed: 'outer',
      type: 'application/json',
      json: { code: MeshCode.SUCCESS, content: '3 for Ada' },
    });
    expect(steps).toEqual(['outer listen http mesh.vault.open', 'guard Ada']);
    const refused = await invoke(address, 'mesh.vault.open', {}, { door: '3' });
    expect(refused).toMatchObject({
      status: 200,
      type: 'application/json',
      json: { code: MeshCode.FORBIDDEN, message: 'the vault needs a key' },
    });
    const kept = await invoke(address, 'mesh.lobby.greet', {}, { name: 'Bob' });
    expect(kept).toMatchObject({ passed: 'outer', json: { content: 'Bob is expected' } });
    expect((await fetch(`http://${address}/mesh/invoke`)).status).toBe(405);
  });

  it('that name their service in the body only are guarded as well', async () => {
    const { address } = await start();
    const urn = formatUrn({ name: 'mesh.vault.open', nodeId: 'LX0000000000000' });
    const refused = await invoke(
      address,
      'mesh.vault.open',
      { 'mesh-urn': '' },
      { door: '3', attachments: { 'mesh-urn': urn } },
    );
    expect(refused.json).toMatchObject({ code: MeshCode.FORBIDDEN });
  });

  it('of a process to itself pass at `self`', async () => {
    const { app, client } = await startApp({ ...PARTS, facades: [Lobby] });
    expect(await client(Lobby).greet('Eve')).toBe('hello Eve');
    expect(app.get(Trail).steps).toEqual(['outer self grpc mesh.lobby.greet']);
  });
});

describe('a listener', () => {
  it('has the middleware that names it', async () => {
    @MeshExtension(MIDDLEWARE, 'second')
    class Second implements Middleware {
      readonly scope = { listeners: ['listen[1]'] };
      async handle(): Promise<PassingResponse> {
        throw new MeshError(MeshCode.FORBIDDEN, 'not at this door');
      }
    }
    const { app } = await startApp({
      controllers: [LobbyController],
      providers: [Second],
      options: {
        listen: [
          { host: '127.0.0.1', port: 0 },
          { host: '127.0.0.1', port: 0, side: 'inner' },
        ],
      },
    });
    const [first, second] = app.get(MeshServer).addresses;
    const greet = (address = ''): Promise<string> =>
      startConsumer(address, { facades: [Lobby] }).then((one) => one.client(Lobby).greet('Eve'));
    expect(await greet(first)).toBe('hello Eve');
    expect(await caught(greet(second))).toMatchObject({ code: MeshCode.FORBIDDEN, message: 'not at this door' });
  });

  it('within an HTTP application is `mount`', async () => {
    const module = testModule({ ...PARTS, options: { listen: false, mount: true } });
    const app = await NestFactory.create(module, new ExpressAdapter(), { logger: false, abortOnError: false });
    onTestFinished(() => app.close());
    app.connectMicroservice(meshMicroservice(), { inheritAppConfig: true });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    const answer = await invoke(new URL(await app.getUrl()).host, 'mesh.lobby.greet', {}, { name: 'Eve' });
    expect(answer).toMatchObject({ passed: 'outer', json: { content: 'hello Eve' } });
    expect(app.get(Trail).steps).toEqual(['outer mount http mesh.lobby.greet']);
  });
});

/** Refuses what sessions push with a mark, and counts what is said each way on streams. */
@MeshExtension(MIDDLEWARE, 'customs')
class Customs implements Middleware {
  readonly scope = {
    paths: [
      '/v1/interconn/chan/*',
      '/org.ppc.ptp.PrivateTransferTransport/*',
      '/org.ppc.ptp.PrivateTransferProtocol/*',
    ],
  };

  constructor(private readonly trail: Trail) {}

  async handle(request: PassingRequest, next: PassingNext): Promise<PassingResponse> {
    if (request.headers['x-ptp-session-id'] === 'closed') throw new MeshError(MeshCode.NOT_PERMITTED, 'no such goods');
    this.trail.steps.push(`${request.kind} ${request.wire} ${request.path}`);
    if (request.kind === 'call') return next(request);
    const response = await next({ ...request, body: this.counted('in', request.body) });
    return { ...response, body: this.counted('out', response.body as AsyncIterable<Uint8Array>) };
  }

  private async *counted(way: string, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const message of body) {
      this.trail.steps.push(way);
      yield message;
    }
  }
}

const nodes: readonly (readonly [string, Omit<SessionNode, 'address'>])[] = [
  ['over gRPC', {}],
  ['over HTTP in protobuf', { transport: 'http' }],
  ['over HTTP in JSON', { transport: 'http', contentType: 'application/json' }],
  ['over gRPC in the dialect of FATE', { dialect: 'fate' }],
  ['over HTTP in the dialect of yacl', { transport: 'http', dialect: 'yacl' }],
];

describe('sessions', () => {
  it.each(nodes)('%s pass, and are told of errors in their dialect', async (_, node) => {
    const { app, address } = await startApp({ providers: [Trail, Customs], options: { drainTimeoutMs: 50 } });
    const open = (id: string) => app.get(MeshSessions).open(id, { node: { address, ...node } });
    const session = open('s');
    await session.push(Buffer.from('goods'), { topic: 't' });
    expect(Buffer.from((await session.pop({ topic: 't' })) ?? []).toString()).toBe('goods');
    expect(await session.pop({ topic: 't', timeoutMs: 0 })).toBeUndefined();
    const { steps } = app.get(Trail);
    expect(steps).toHaveLength(3);
    expect(steps.every((step) => step.startsWith(`call ${node.transport ?? 'grpc'} /`))).toBe(true);
    const error = await caught(open('closed').push(Buffer.from('goods'), { topic: 't' }));
    expect(error.code).toBe(MeshCode.NOT_PERMITTED);
    expect(error.message).toContain('no such goods');
  });

  it('on a stream pass message by message, each way', async () => {
    const node = await startApp({ providers: [Trail, Customs] });
    const caller = await startApp({});
    const at: SessionNode = { address: node.address, transport: 'grpc', via: 'transport' };
    const session = caller.app.get(MeshSessions).open('s', { node: at });
    await Promise.all(['1', '2', '3'].map((text) => session.push(Buffer.from(text), { topic: 't' })));
    const popped = [];
    for (let i = 0; i < 3; i++) popped.push(Buffer.from((await session.pop({ topic: 't' })) ?? []).toString());
    expect(popped).toEqual(['1', '2', '3']);
    const [first, ...others] = node.app.get(Trail).steps;
    expect(first).toMatch(/^stream grpc .*\/transport$/);
    const count = (way: string): number => others.filter((step) => step === way).length;
    expect(count('in')).toBeGreaterThanOrEqual(6);
    expect(count('out')).toBe(count('in'));
  });
});

describe('a middleware', () => {
  it('whose scope is none is refused at start, by name', async () => {
    @MeshExtension(MIDDLEWARE, 'astray')
    class Astray implements Middleware {
      readonly scope = { paths: ['no/slash'] };
      handle(request: PassingRequest, next: PassingNext): Promise<PassingResponse> {
        return next(request);
      }
    }
    const error = await caught(createApp({ providers: [Astray] }).then((app) => app.init()));
    expect(error.code).toBe(MeshCode.INVALID_REQUEST);
    expect(error.message).toContain("the middleware 'astray': scope.paths[0] must be a path");
  });
});

/** A filter that sends a token along. */
function signing(token: string): Type {
  @MeshExtension(CONSUMER_FILTER, 'sign')
  class Sign implements ConsumerFilter {
    filter(call: ConsumerCall, next: CallNext<ConsumerCall>): Promise<unknown> {
      call.attachments['x-ptp-token'] = token;
      return next(call);
    }
  }
  return Sign;
}
