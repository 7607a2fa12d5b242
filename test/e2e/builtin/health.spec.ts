import type { BeforeApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MeshFacade, meshMicroservice, MeshProvider, MeshServer, type MeshService, Mpi } from 'nestjs-mesh';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { HealthClient } from '../../support/grpc-tools.js';
import { startApp, startConsumer, testModule } from '../../support/mesh-app.js';

/** Holds somebody up until it is opened. */
class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

const NOT_FOUND = 5;
const INVALID_ARGUMENT = 3;
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;
const OK = 0;
const CANCELLED = 1;

@MeshFacade()
class Greeter {
  @Mpi('test.greeter.greet', ['name']) greet!: (name: string) => Promise<string>;
}

@MeshProvider(Greeter)
class GreeterController implements MeshService<Greeter> {
  greet(name: string): string {
    return `hello ${name}`;
  }
}

const start = () => startApp({ controllers: [GreeterController] });

describe('grpc.health.v1.Health', () => {
  it.each([
    ['the whole server', ''],
    ['a service of the application', 'test.greeter.greet'],
    ['a built-in service', 'test.builtin.version'],
    ['the session API', 'org.ppc.ptp.PrivateTransferTransport'],
    ['calls between nodes', 'org.ppc.ptp.PrivateTransferProtocol'],
    ['itself', 'grpc.health.v1.Health'],
    ['reflection', 'grpc.reflection.v1.ServerReflection'],
  ])('says that %s is served', async (_, service) => {
    const { address } = await start();
    expect(await new HealthClient(address).check(service)).toBe('SERVING');
  });

  it.each([['test.greeter'], ['org.ppc.ptp'], ['grpc.health.v1.Health/Check'], ['节点'], ['__proto__']])(
    'knows no service %s: NOT_FOUND for a check, SERVICE_UNKNOWN for a watch',
    async (service) => {
      const { address } = await start();
      const client = new HealthClient(address);
      expect(await client.check(service)).toBe(NOT_FOUND);
      const { told, stream } = client.watch(service);
      await eventually('the watch tells', () => told.length > 0);
      expect(told).toEqual(['SERVICE_UNKNOWN']);
      stream.cancel();
    },
  );

  it('refuses a name of absurd length', async () => {
    const { address } = await start();
    const client = new HealthClient(address);
    expect(await client.check('x'.repeat(1_000_000))).toBe(INVALID_ARGUMENT);
    expect(await client.watch('x'.repeat(1_000_000)).ended).toBe(INVALID_ARGUMENT);
    expect(await client.check('')).toBe('SERVING');
  });

  it('tells those who watch when the application closes, and ends', async () => {
    const { address, app } = await start();
    const client = new HealthClient(address);
    const watched = ['', 'test.greeter.greet', 'nobody.knows'].map((service) => client.watch(service));
    await eventually('all are told', () => watched.every(({ told }) => told.length === 1));
    await app.close();
    expect(await Promise.all(watched.map(({ ended }) => ended))).toEqual([OK, OK, OK]);
    expect(watched.map(({ told }) => told)).toEqual([
      ['SERVING', 'NOT_SERVING'],
      ['SERVING', 'NOT_SERVING'],
      ['SERVICE_UNKNOWN'],
    ]);
  });

  it('ends in a hybrid application while that still serves, so that callers learn of it in time', async () => {
    class Slow implements BeforeApplicationShutdown {
      readonly gate = new Gate();
      async beforeApplicationShutdown(): Promise<void> {
        await this.gate.opened;
      }
    }
    const module = testModule({ controllers: [GreeterController], providers: [Slow] });
    const app = await NestFactory.create(module, { logger: false });
    app.connectMicroservice(meshMicroservice());
    await app.startAllMicroservices();
    await app.init();
    const address = app.get(MeshServer).addresses[0]!;
    const client = new HealthClient(address);
    const watched = client.watch('');
    await eventually('it is told', () => watched.told.length === 1);
    const closing = app.close();
    await eventually('it is told again', () => watched.told.length === 2);
    expect(watched.told).toEqual(['SERVING', 'NOT_SERVING']);
    expect(await client.check('test.greeter.greet')).toBe('NOT_SERVING');
    const consumer = await startConsumer(address, { facades: [Greeter] });
    expect(await consumer.client(Greeter).greet('you')).toBe('hello you');
    app.get(Slow).gate.open();
    await closing;
    expect(await watched.ended).toBe(OK);
  });

  it('does not let one who asks nothing keep the application from closing', async () => {
    const { address, app } = await startApp({ options: { drainTimeoutMs: 60_000 } });
    const client = new HealthClient(address);
    const { ended } = client.watchNothing();
    expect(await client.check('')).toBe('SERVING');
    await app.close();
    expect(await ended).toBe(UNAVAILABLE);
  });

  it('lets one who watches go', async () => {
    const { address } = await start();
    const client = new HealthClient(address);
    const { told, stream, ended } = client.watch('');
    await eventually('it is told', () => told.length === 1);
    stream.cancel();
    expect(await ended).toBe(CANCELLED);
    expect(await client.check('')).toBe('SERVING');
  });

  it('is not there when it is switched off', async () => {
    const { address } = await startApp({ options: { builtins: { health: false } } });
    expect(await new HealthClient(address).check('')).toBe(UNIMPLEMENTED);
  });

  it('is not there for HTTP', async () => {
    const { address } = await start();
    const answer = await fetch(`http://${address}/grpc.health.v1.Health/Check`, { method: 'POST' });
    expect(answer.status).toBe(501);
  });
});
