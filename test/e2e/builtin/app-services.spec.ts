import { Logger } from '@nestjs/common';
import { IsInt, IsOptional, IsString, Min, ValidateNested } from 'class-validator';
import { bytes, int64, MeshClient, MeshFacade, MeshProvider, type MeshService, Mpi } from 'nestjs-mesh';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { formatUrn } from '../../../lib/protocol/urn.js';
import { caught } from '../../support/caught.js';
import { fetchOnce } from '../../support/fetch-once.js';
import { HealthClient } from '../../support/grpc-tools.js';
import { startApp, startConsumer, type TestAppParts } from '../../support/mesh-app.js';
import { RawClient } from '../../support/raw-client.js';

const UNIMPLEMENTED = 12;

class Item {
  @IsString() sku!: string;
  @IsOptional() @IsInt() @Min(1) count?: number;
}

class PlaceOrder {
  @IsString() id!: string;
  @ValidateNested() item!: Item;
}

const Cancel = z.object({ id: z.string().min(1), why: z.string().optional() });

@MeshFacade({ timeoutMs: 5_000 })
class Orders {
  @Mpi('test.orders.place', PlaceOrder, { idempotent: true }) place!: (order: PlaceOrder) => Promise<string>;
  @Mpi('test.orders.cancel', Cancel) cancel!: (cancel: z.infer<typeof Cancel>) => Promise<void>;
  @Mpi('test.orders.label', ['text', bytes('logo'), int64('serial')], { returns: bytes() })
  label!: (text: string, logo: Uint8Array, serial: bigint) => Promise<Uint8Array>;
}

@MeshProvider(Orders)
class OrdersController implements MeshService<Orders> {
  place(order: PlaceOrder): string {
    return order.id;
  }
  cancel({ id }: z.infer<typeof Cancel>): void {
    if (id === 'none') throw new Error('no such order');
  }
  label(_text: string, logo: Uint8Array): Uint8Array {
    return logo;
  }
}

@MeshFacade()
class Builtin {
  @Mpi('${mesh.name}.builtin.doc', ['name', 'formatter']) doc!: (name?: string, formatter?: string) => Promise<string>;
  @Mpi('${mesh.name}.builtin.version') version!: () => Promise<unknown>;
  @Mpi('${mesh.name}.builtin.debug', ['features']) debug!: (features: unknown) => Promise<unknown>;
  @Mpi('${mesh.name}.builtin.stats', ['features']) stats!: (features?: unknown) => Promise<Record<string, string>>;
  @Mpi('mesh.net.environ') environ!: () => Promise<unknown>;
}

interface Started {
  readonly address: string;
  readonly builtin: Builtin;
  readonly orders: Orders;
}

async function start(provider: TestAppParts['options'] = {}, consumer: TestAppParts['options'] = {}): Promise<Started> {
  const { address } = await startApp({ controllers: [OrdersController], options: { nodeId: 'LX1', ...provider } });
  const app = await startConsumer(address, {
    facades: [Builtin, Orders],
    options: { name: 'asker', nodeId: 'LX1', ...consumer },
  });
  return { address, builtin: app.client(Builtin), orders: app.client(Orders) };
}

describe('builtin.doc', () => {
  it('describes arguments and answers in JSON Schema', async () => {
    const { builtin } = await start();
    const doc = JSON.parse(await builtin.doc('', '')) as Record<string, unknown>;
    expect(doc).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'test',
      services: {
        'test.orders.place': {
          urn: formatUrn({ name: 'test.orders.place', nodeId: 'LX1' }),
          'x-timeout-ms': 5_000,
          'x-idempotent': true,
          arguments: {
            type: 'object',
            properties: { id: { type: 'string' }, item: { $ref: '#/$defs/Item' } },
            required: ['id', 'item'],
          },
          content: {},
        },
        'test.orders.cancel': {
          arguments: {
            type: 'object',
            properties: { id: { type: 'string', minLength: 1 }, why: { type: 'string' } },
            required: ['id'],
          },
        },
        'test.orders.label': {
          arguments: {
            properties: {
              text: {},
              logo: { type: 'string', contentEncoding: 'base64' },
              serial: { type: 'integer', format: 'int64' },
            },
          },
          content: { type: 'string', contentEncoding: 'base64' },
        },
      },
      $defs: {
        Item: {
          type: 'object',
          properties: { sku: { type: 'string' }, count: { type: 'integer', minimum: 1 } },
          required: ['sku'],
        },
      },
    });
  });

  it('describes the same in OpenAPI, as JSON and as YAML', async () => {
    const { builtin } = await start();
    const openapi = JSON.parse(await builtin.doc('test', 'openapi')) as { paths: Record<string, unknown> };
    expect(openapi).toMatchObject({ openapi: '3.1.0', components: { schemas: { Item: { type: 'object' } } } });
    expect(Object.keys(openapi.paths)).toEqual(
      ['cancel', 'label', 'place'].map((method) => `/mesh/invoke#test.orders.${method}`),
    );
    const text = await builtin.doc('test', 'yaml');
    expect(text).toContain('\n  title: test\n');
    expect(parseYaml(text)).toEqual(openapi);
  });

  it('describes one service, or those whose names begin alike', async () => {
    const { builtin } = await start();
    const named = async (name: string) => Object.keys(JSON.parse(await builtin.doc(name)).services as object);
    expect(await named('test.orders.place')).toEqual(['test.orders.place']);
    expect(await named('test.orders')).toHaveLength(3);
    expect(await named('test.orders.*')).toHaveLength(3);
    expect((await caught(named('test.orders.p'))).code).toBe('E0000000404');
    expect((await caught(named('x'.repeat(1_000_000)))).message).toHaveLength(
      `no service here is named '', nor begins with it`.length + 200,
    );
  });

  it('names its formatters when it is asked for another', async () => {
    const { builtin } = await start();
    const error = await caught(builtin.doc('', '__proto__'));
    expect(error).toMatchObject({ code: 'E0000000400', message: expect.stringContaining('schema, openapi, yaml') });
    expect((await caught(builtin.doc(7 as never))).code).toBe('E0000000400');
  });
});

describe('builtin.version', () => {
  it('tells the versions in the shape that the SDKs read', async () => {
    const { builtin } = await start({ version: '2.1.0', instId: 'JG1' });
    expect(await builtin.version()).toMatchObject({
      version: '2.1.0',
      infos: {
        'test.version': '2.1.0',
        'test.os': process.platform,
        'test.arch': process.arch,
        'test.node_id': 'LX1',
        'test.inst_id': 'JG1',
        'test.sdk': expect.stringMatching(/^nestjs-mesh \d+\.\d+\.\d+/),
      },
    });
  });
});

describe('builtin.debug', () => {
  it('sets the log level of Nest, and tells it', async () => {
    const logger = { log: () => undefined, error: () => undefined, warn: () => undefined };
    const { builtin } = await start();
    Logger.overrideLogger(logger);
    onTestFinished(() => Logger.overrideLogger(false));
    expect(await builtin.debug({ 'log.level': 'warn' })).toEqual({ 'log.level': 'warn' });
    expect([Logger.isLevelEnabled('warn'), Logger.isLevelEnabled('log')]).toEqual([true, false]);
    expect(await builtin.debug({ 'log.level': '31', other: 'x' })).toEqual({ 'log.level': 'debug' });
    expect(await builtin.debug(['log.level=off'])).toEqual({ 'log.level': 'off' });
    expect(await builtin.debug({})).toEqual({ 'log.level': 'off' });
    expect(await builtin.debug({ 'log.level': 'trace' })).toEqual({ 'log.level': 'verbose' });
  });

  it.each([
    [{ 'log.level': 'loud' }],
    [{ 'log.level': '999' }],
    [{ 'log.level': 7 }],
    [{ 'log.level': 'x'.repeat(1_000_000) }],
    [Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`f${i}`, '']))],
    ['log.level'],
    [[1]],
  ])('refuses what is no level: %#', async (features) => {
    const { builtin } = await start();
    expect((await caught(builtin.debug(features))).code).toBe('E0000000400');
  });

  it('is for callers at the same node', async () => {
    const { builtin } = await start({}, { nodeId: 'LX2' });
    expect((await caught(builtin.debug({}))).code).toBe('E0000000403');
  });

  it.each(['mesh-nodes-passed', 'mesh-incoming-proxy'])(
    'is not for calls that another node has passed on: %s',
    async (header) => {
      const { address } = await start();
      const urn = formatUrn({ name: '${mesh.name}.builtin.debug', nodeId: 'LX1' });
      const headers = { 'mesh-urn': urn, 'x-ptp-source-node-id': 'lx1' };
      const client = new RawClient(address);
      expect((await client.call('{}', headers)).code).toBe('E0000000000');
      expect((await client.call('{}', { ...headers, [header]: 'LX2' })).code).toBe('E0000000403');
      const attached = JSON.stringify({ attachments: { 'mesh-nodes-passed': 'LX2' } });
      expect((await client.call(attached, headers)).code).toBe('E0000000403');
    },
  );

  it('is for anyone, or for nobody, where the option says so', async () => {
    const open = await start({ builtins: { debug: 'anyone' } }, { nodeId: 'LX2' });
    expect(await open.builtin.debug({})).toHaveProperty(['log.level']);
    const closed = await start({ builtins: { debug: 'nobody' } });
    expect((await caught(closed.builtin.debug({}))).code).toBe('E0000000614');
  });
});

describe('builtin.stats', () => {
  it('counts the calls of each service, and bytes, as texts', async () => {
    const { builtin, orders } = await start();
    await orders.place({ id: '1', item: { sku: 's' } });
    await caught(orders.cancel({ id: 'none' }));
    const stats = await builtin.stats();
    expect(stats).toMatchObject({
      status: 'true',
      'calls.served': '1',
      'calls.failed': '1',
      'calls.underWay': '1',
      'calls.unknown': '0',
      'services.test.orders.place.served': '1',
      'services.test.orders.cancel.failed': '1',
      'sessions.messages': '0',
    });
    expect(Number(stats['bytes.received'])).toBeGreaterThan(50);
    expect(Number(stats['connections.inbound'])).toBeGreaterThan(0);
    expect(Number(stats['memory.rss'])).toBeGreaterThan(1_000_000);
    expect(Object.values(stats).every((value) => typeof value === 'string')).toBe(true);
  });

  it('tells the groups that are asked for', async () => {
    const { builtin } = await start();
    expect(Object.keys(await builtin.stats(['status', 'bytes', 'nothing', '__proto__']))).toEqual([
      'status',
      'bytes.received',
      'bytes.sent',
    ]);
    expect(Object.keys(await builtin.stats(null))).toContain('loop.meanMs');
  });

  it.each([
    ['calls'],
    [{ calls: true }],
    [[1]],
    [['x'.repeat(1_000_000)]],
    [Array.from({ length: 65 }, () => 'calls')],
  ])('refuses what is no short list: %#', async (features) => {
    const { builtin } = await start();
    expect((await caught(builtin.stats(features))).code).toBe('E0000000400');
  });

  it('is bounded by the services that there are, whatever is called', async () => {
    const { builtin, address } = await start();
    const app = await startConsumer(address, {});
    const client = app.app.get(MeshClient);
    for (let i = 0; i < 50; i++) await caught(client.call(`test.made.up${i}`, {}));
    expect(await builtin.stats(['calls'])).toMatchObject({ 'calls.unknown': '50' });
    expect(Object.keys(await builtin.stats(['services']))).toHaveLength(3);
  });
});

describe('GET /stats', () => {
  it('tells the figures as JSON', async () => {
    const { address, orders } = await start();
    await orders.place({ id: '1', item: { sku: 's' } });
    const answer = await fetchOnce(`http://${address}/stats?any=1`);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toMatchObject({
      calls: { served: 1, failed: 0, unknown: 0 },
      services: { 'test.orders.place': { served: 1, failed: 0, underWay: 0 } },
      sessions: { sessions: 0 },
    });
  });

  it('is there for GET and HEAD', async () => {
    const { address } = await start();
    expect((await fetchOnce(`http://${address}/stats`, { method: 'HEAD' })).status).toBe(200);
    const answer = await fetchOnce(`http://${address}/stats`, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(405);
    expect(await answer.json()).toMatchObject({ code: 'E0000000614' });
  });

  it('is not there when it is switched off', async () => {
    const { address, builtin } = await start({ builtins: { stats: false } });
    expect((await fetchOnce(`http://${address}/stats`)).status).toBe(404);
    expect((await caught(builtin.stats())).code).toBe('E0000000617');
  });
});

describe('mesh.net.environ', () => {
  it('describes the node, without its keys', async () => {
    const { builtin } = await start({ instId: 'JG1' });
    expect(await builtin.environ()).toEqual({
      version: '1.0.0',
      node_id: 'LX1',
      inst_id: 'JG1',
      inst_name: '',
      root_crt: '',
      root_key: '',
      node_crt: '',
    });
  });
});

describe('a built-in service', () => {
  it('goes by the name of the application, too', async () => {
    const { address } = await start({ name: 'shop.orders', version: '7' });
    const client = (await startConsumer(address, {})).app.get(MeshClient);
    expect(await client.call('shop.orders.builtin.version', {})).toMatchObject({ version: '7' });
    expect((await caught(client.call('shop.builtin.version', {}))).code).toBe('E0000000617');
  });

  it('is called by plain HTTP, too', async () => {
    const { address } = await start({ version: '7' });
    const answer = await fetchOnce(`http://${address}/mesh/invoke`, {
      method: 'POST',
      headers: { 'mesh-urn': formatUrn({ name: '${mesh.name}.builtin.version', nodeId: 'LX1' }) },
      body: '{}',
    });
    expect(await answer.json()).toMatchObject({ code: 'E0000000000', content: { version: '7' } });
  });

  it('gives way to a provider of the application', async () => {
    @MeshFacade()
    class OwnEnviron {
      @Mpi('mesh.net.environ') environ!: () => Promise<string>;
    }
    @MeshProvider(OwnEnviron)
    class OwnController implements MeshService<OwnEnviron> {
      environ(): string {
        return 'own';
      }
    }
    const { address } = await startApp({ controllers: [OwnController] });
    const consumer = await startConsumer(address, { facades: [Builtin] });
    expect(await consumer.client(Builtin).environ()).toBe('own');
  });

  it('answers within its own process, but for the environ of one that has a node to ask', async () => {
    const alone = await startApp({ facades: [Builtin], options: { name: 'alone', nodeId: 'LX1' } });
    expect(await alone.app.get(MeshClient).call('alone.builtin.version', {})).toMatchObject({ version: '1.0.0' });
    expect(await alone.client(Builtin).environ()).toMatchObject({ node_id: 'LX1' });
    const { builtin } = await start({ nodeId: 'LX7' }, { nodeId: 'LX1', name: 'mesh' });
    expect(await builtin.environ()).toMatchObject({ node_id: 'LX7' });
  });

  it('is unknown where all are switched off', async () => {
    const { builtin, address } = await start({ builtins: false });
    for (const call of [builtin.doc(), builtin.version(), builtin.stats(), builtin.environ()]) {
      expect((await caught(call)).code).toBe('E0000000617');
    }
    expect((await caught(builtin.debug({}))).code).toBe('E0000000614');
    expect((await fetchOnce(`http://${address}/stats`)).status).toBe(404);
  });

  it('is unknown at a listener that does not serve them', async () => {
    const listen = { host: '127.0.0.1', port: 0, serves: ['*'] };
    const { builtin, address, orders } = await start({ listen });
    expect(await orders.place({ id: '1', item: { sku: 's' } })).toBe('1');
    expect((await caught(builtin.version())).code).toBe('E0000000617');
    expect((await fetchOnce(`http://${address}/stats`)).status).toBe(404);
    expect(await new HealthClient(address).check('')).toBe(UNIMPLEMENTED);
  });
});
