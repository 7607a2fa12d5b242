import { Controller, ForbiddenException, Get, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  MeshCode,
  MeshFacade,
  MeshModule,
  MeshProvider,
  MeshServer,
  type MeshService,
  Mpi,
  meshMicroservice,
} from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { startConsumer } from '../support/mesh-app.js';

@MeshFacade()
class Greeter {
  @Mpi('mesh.greeter.greet', ['name']) greet!: (name: string) => Promise<string>;
  @Mpi('mesh.greeter.part', ['name']) part!: (name: string) => Promise<string>;
}

@MeshProvider(Greeter)
class GreeterController implements MeshService<Greeter> {
  greet(name: string): string {
    return `hello ${name} over the mesh`;
  }
  part(): never {
    throw new ForbiddenException('stay');
  }
}

@Controller('greet')
class WebController {
  @Get() greet(): string {
    return 'hello over HTTP';
  }
}

async function createHybrid(): Promise<INestApplication> {
  class HybridModule {}
  const root = {
    module: HybridModule,
    controllers: [GreeterController, WebController],
    imports: [MeshModule.forRoot({ name: 'hybrid', listen: { host: '127.0.0.1', port: 0 }, drainTimeoutMs: 500 })],
  };
  const app = await NestFactory.create(root, { logger: false, abortOnError: false });
  onTestFinished(() => app.close());
  return app;
}

async function clientOf(app: INestApplication): Promise<Greeter> {
  const consumer = await startConsumer(app.get(MeshServer).addresses[0]!, { facades: [Greeter] });
  return consumer.client(Greeter);
}

describe('a hybrid application', () => {
  it('serves HTTP beside the mesh, with the configuration of the application', async () => {
    const app = await createHybrid();
    app.useGlobalGuards({ canActivate: (context) => context.getHandler().name !== 'part' });
    app.connectMicroservice(meshMicroservice(), { inheritAppConfig: true });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    const greeter = await clientOf(app);

    expect(await greeter.greet('Ada')).toBe('hello Ada over the mesh');
    expect(await caught(greeter.part('Ada'))).toMatchObject({
      code: MeshCode.FORBIDDEN,
      message: 'Forbidden resource',
    });
    const response = await fetch(`${await app.getUrl()}/greet`);
    expect(await response.text()).toBe('hello over HTTP');
    expect((await fetch(`${await app.getUrl()}/nothing`)).status).toBe(404);
  });

  it('keeps the codes of errors without the configuration of the application', async () => {
    const app = await createHybrid();
    app.connectMicroservice(meshMicroservice());
    await app.startAllMicroservices();
    await app.init();

    const greeter = await clientOf(app);
    expect(await caught(greeter.part('Ada'))).toMatchObject({ code: MeshCode.FORBIDDEN, message: 'stay' });
  });

  it('may begin to listen on the mesh after its own start', async () => {
    const app = await createHybrid();
    app.connectMicroservice(meshMicroservice(), { inheritAppConfig: true });
    await app.listen(0, '127.0.0.1');
    await app.startAllMicroservices();

    const greeter = await clientOf(app);
    expect(await greeter.greet('Ada')).toBe('hello Ada over the mesh');
  });

  it('stops both when it is closed', async () => {
    const app = await createHybrid();
    app.connectMicroservice(meshMicroservice(), { inheritAppConfig: true });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    const greeter = await clientOf(app);
    const url = await app.getUrl();
    await greeter.greet('Ada');

    const states: unknown[] = [];
    app.get(MeshServer).status.subscribe((status) => states.push(status));
    await app.close();
    expect(states).toEqual(['listening', 'draining', 'closed']);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    expect((await caught(greeter.greet('Ada'))).code).toBe(MeshCode.ADDRESS_UNREACHABLE);
  });
});
