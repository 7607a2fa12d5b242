import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { Body, Controller, Get, type INestApplication, Post, type RawBodyRequest, Req } from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  bytes,
  type ListenOptions,
  MeshContext,
  MeshFacade,
  type MeshOptions,
  MeshModule,
  meshMicroservice,
  MeshProvider,
  MeshServer,
  type MeshService,
  MeshSessions,
  Mpi,
} from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { createApp, startConsumer } from '../support/mesh-app.js';
import { sessionStatsOf } from '../support/session-stats.js';

@MeshFacade({ timeoutMs: 10_000 })
class Vault {
  @Mpi('mesh.vault.turn', [bytes('data')], { returns: bytes() }) turn!: (data: Uint8Array) => Promise<Uint8Array>;
  @Mpi('mesh.vault.hold') hold!: () => Promise<string>;
}

/** What the handlers of a test have seen. */
class Seen {
  signals: AbortSignal[] = [];
  release: () => void = () => undefined;
}

@MeshProvider(Vault)
class VaultController implements MeshService<Vault> {
  constructor(private readonly seen: Seen) {}
  turn(data: Uint8Array): Uint8Array {
    return data.toReversed();
  }
  hold(): Promise<string> {
    this.seen.signals.push(MeshContext.current()!.signal);
    return new Promise((resolve) => (this.seen.release = () => resolve('held')));
  }
}

@Controller()
class WebController {
  @Get('hello') hello(): string {
    return 'hello';
  }
  @Post('web') web(@Body() body: { a: number }, @Req() request: RawBodyRequest<object>): unknown {
    return { a: body.a, raw: request.rawBody?.toString() };
  }
}

interface Mounted {
  readonly app: INestApplication;
  readonly url: string;
  readonly address: string;
  readonly seen: Seen;
}

async function mounted(adapter: AbstractHttpAdapter, options: MeshOptions = {}): Promise<Mounted> {
  class MountedModule {}
  const seen = new Seen();
  const mesh = MeshModule.forRoot({ name: 'mounted', listen: false, mount: true, drainTimeoutMs: 1_000, ...options });
  const root = {
    module: MountedModule,
    controllers: [VaultController, WebController],
    providers: [{ provide: Seen, useValue: seen }],
    imports: [mesh],
  };
  const app = await NestFactory.create(root, adapter, { logger: false, abortOnError: false, rawBody: true });
  onTestFinished(() => app.close());
  app.connectMicroservice(meshMicroservice(), { inheritAppConfig: true });
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return { app, url, address: url.replace('http://', ''), seen };
}

/** A consumer that calls over HTTP. */
async function consumerOf(address: string): Promise<Vault> {
  const consumer = await startConsumer(address, { facades: [Vault], options: { use: { transport: 'http' } } });
  return consumer.client(Vault);
}

const adapters: readonly [string, () => AbstractHttpAdapter][] = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
];

describe.each(adapters)('mounted on %s', (_, adapterOf) => {
  it('serves RPC beside the routes of the application, whose bodies are parsed as ever', async () => {
    const { url, address, app } = await mounted(adapterOf());
    const vault = await consumerOf(address);
    const data = randomBytes(300_000);
    expect(Buffer.from(await vault.turn(data)).equals(data.toReversed())).toBe(true);
    expect(await (await fetch(`${url}/hello`)).text()).toBe('hello');
    const headers = { 'content-type': 'application/json' };
    const web = await fetch(`${url}/web`, { method: 'POST', body: '{"a":1}', headers });
    expect(await web.json()).toEqual({ a: 1, raw: '{"a":1}' });
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    const stats = await fetch(`${url}/stats`);
    expect([stats.status, await stats.json()]).toMatchObject([200, { status: 'true' }]);
    expect(app.get(MeshServer).addresses).toEqual([]);
  });

  it.each(['application/json', 'application/x-protobuf', 'text/plain', 'application/x-www-form-urlencoded'])(
    'hands over bodies of %s as they came',
    async (contentType) => {
      const { url } = await mounted(adapterOf());
      const call = { method: 'POST', headers: { 'content-type': contentType, 'mesh-urn': 'x' }, body: '{"a" :1}' };
      const answer = await fetch(`${url}/mesh/invoke`, call);
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([200, 'E0000000400']);
    },
  );

  it('serves sessions, and lets those that wait go when the application closes', async () => {
    const { app, url, address } = await mounted(adapterOf());
    const caller = await createApp({ options: { listen: false } });
    await caller.init();
    const session = caller.get(MeshSessions).open('s1', { node: { address, transport: 'http' } });
    await session.push(Buffer.from('message'), { topic: 'topic' });
    const message = await app.get(MeshSessions).open('s1').pop({ topic: 'topic', timeoutMs: 5_000 });
    expect(Buffer.from(message!).toString()).toBe('message');
    const ended: number[] = [];
    const waiting = fetch(`${url}/v1/interconn/chan/pop`, {
      method: 'POST',
      headers: { 'x-ptp-session-id': 's2', 'content-type': 'application/json' },
      body: '{"topic":"t","timeout":60000}',
    }).then((answer) => void ended.push(answer.status));
    await eventually('it waits', () => sessionStatsOf(app).waiting === 1);
    expect(ended).toEqual([]);
    const closing = app.close();
    await waiting;
    expect(ended).toEqual([200]);
    await closing;
  });

  it('cancels a call whose caller goes away, and waits for those under way when it closes', async () => {
    const { app, address, seen } = await mounted(adapterOf());
    const vault = await consumerOf(address);
    const port = Number(address.split(':')[1]);
    const urn = 'hold.vault.mesh.0001000000000000000000000000000000000.lx0000000000000.trustbe.cn';
    const gone = connect({ host: '127.0.0.1', port });
    gone.write(`POST /mesh/invoke HTTP/1.1\r\nhost: h\r\nmesh-urn: ${urn}\r\ncontent-length: 2\r\n\r\n{}`);
    await eventually('it has arrived', () => seen.signals.length === 1);
    gone.destroy();
    await eventually('the handler is told', () => seen.signals[0]!.aborted);
    const held = vault.hold();
    await eventually('it has arrived', () => seen.signals.length === 2);
    const closing = app.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
    seen.release();
    expect(await held).toBe('held');
    await closing;
    expect((await caught(vault.hold())).code).toBe('E0000000619');
  });

  it('ends what does not end by itself, once the time for it is over', async () => {
    const { app, address, seen } = await mounted(adapterOf(), { drainTimeoutMs: 50 });
    const vault = await consumerOf(address);
    const held = caught(vault.hold());
    await eventually('it has arrived', () => seen.signals.length === 1);
    await app.close();
    expect((await held).code).toBe('E0000000607');
    expect(seen.signals[0]!.aborted).toBe(true);
  });

  it('serves below a prefix, and only what it is to', async () => {
    const { url } = await mounted(adapterOf(), { mount: { prefix: '/mesh-node/v1', serves: ['mesh.*'] } });
    const statusOf = async (path: string) => (await fetch(`${url}${path}`, { method: 'POST', body: '{}' })).status;
    expect(await statusOf('/mesh-node/v1/mesh/invoke')).toBe(200);
    expect(await statusOf('/mesh/invoke')).toBe(404);
    expect(await statusOf('/mesh-node/v1mesh/invoke')).toBe(404);
    expect(await statusOf('/mesh-node/v1/v1/interconn/chan/push')).toBe(404);
  });

  it('refuses bodies over the limit', async () => {
    const { url } = await mounted(adapterOf(), { limits: { maxMessageBytes: 1_000 } });
    const answer = await fetch(`${url}/mesh/invoke`, { method: 'POST', body: 'x'.repeat(100_000) });
    expect([answer.status, await answer.json()]).toMatchObject([413, { code: 'E0000000413' }]);
  });

  it('listens at a port of its own besides', async () => {
    const listen: ListenOptions = { host: '127.0.0.1', port: 0 };
    const { app, address } = await mounted(adapterOf(), { listen });
    const [own] = app.get(MeshServer).addresses;
    for (const at of [address, own!]) {
      const vault = await consumerOf(at);
      expect([...(await vault.turn(Uint8Array.of(1, 2)))]).toEqual([2, 1]);
    }
  });
});

describe('a mesh that is to be mounted', () => {
  it('says so when the body was read before', async () => {
    const adapter = new ExpressAdapter();
    adapter
      .getInstance<{ use(handler: unknown): void }>()
      .use((request: NodeJS.ReadableStream, _: unknown, next: () => void) => {
        request.on('end', next).resume();
      });
    const { url } = await mounted(adapter);
    const answer = await fetch(`${url}/mesh/invoke`, { method: 'POST', body: '{}' });
    expect([answer.status, await answer.json()]).toMatchObject([
      500,
      { message: expect.stringContaining('body parser') },
    ]);
  });

  it('needs an HTTP application', async () => {
    const error = await caught(createApp({ options: { mount: true } }));
    expect(error.message).toBe('the option mount needs an HTTP application, made with NestFactory.create()');
  });
});
