import { Inject, Injectable, Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  getMeshOptionsToken,
  MeshClient,
  MeshCode,
  MeshConsumer,
  MeshContext,
  MeshFacade,
  MeshModule,
  type MeshOptions,
  MeshProvider,
  MeshServer,
  type MeshService,
  Mpi,
  meshMicroservice,
} from 'nestjs-mesh';
import { BALANCER, type Balancer, type Instance, MeshExtension, type Pick } from 'nestjs-mesh/spi';
import type { DynamicModule, ModuleMetadata } from '@nestjs/common';

@MeshFacade()
class Echo {
  @Mpi('mesh.echo.say', ['text']) say!: (text: string) => Promise<string>;
}

@MeshProvider(Echo)
class EchoController implements MeshService<Echo> {
  say(text: string): string {
    return `${text} by ${MeshContext.current()?.target.nodeId}`;
  }
}

const listen = { host: '127.0.0.1', port: 0 };

async function start(root: DynamicModule, rest: ModuleMetadata = {}) {
  class RootModule {}
  const module = {
    ...rest,
    module: RootModule,
    controllers: [EchoController],
    imports: [root, MeshModule.forFeature([Echo]), ...(rest.imports ?? [])],
  };
  const app = await NestFactory.createMicroservice(module, {
    ...meshMicroservice(),
    logger: false,
    abortOnError: false,
  });
  onTestFinished(() => app.close());
  await app.listen();
  return app;
}

@Injectable()
class Settings {
  async createMeshOptions(): Promise<MeshOptions> {
    await sleep(1);
    return { name: 'from-class', nodeId: 'LX0000010000777', listen };
  }
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

describe('the options of a mesh', () => {
  it('are all optional', async () => {
    const app = await NestFactory.createApplicationContext(MeshModule.forRoot(), { logger: false });
    onTestFinished(() => app.close());
    expect(app.get(getMeshOptionsToken())).toMatchObject({ nodeId: 'LX0000000000000', timeoutMs: 10_000 });
  });

  it('come from a factory that takes its time and injects', async () => {
    const config = ConfigModule.forRoot({
      ignoreEnvFile: true,
      ignoreEnvVars: true,
      load: [() => ({ node: 'LX0000010000555' })],
    });
    const root = MeshModule.forRootAsync({
      imports: [config],
      inject: [ConfigService],
      useFactory: async (settings: ConfigService): Promise<MeshOptions> => {
        await sleep(1);
        return { name: 'from-factory', nodeId: settings.getOrThrow<string>('node'), listen };
      },
    });
    const app = await start(root);
    expect(app.get(MeshServer).addresses).toHaveLength(1);
    expect(await app.get(Echo, { strict: false }).say('hello')).toBe('hello by lx0000010000555');
  });

  it('come from a class', async () => {
    const app = await start(MeshModule.forRootAsync({ useClass: Settings }));
    expect(await app.get(Echo, { strict: false }).say('hello')).toBe('hello by lx0000010000777');
  });

  it('come from a provider that is there', async () => {
    const app = await start(MeshModule.forRootAsync({ imports: [SettingsModule], useExisting: Settings }));
    expect(await app.get(Echo, { strict: false }).say('hello')).toBe('hello by lx0000010000777');
  });

  it('stop the application when they are wrong, in a sentence that names them', async () => {
    await expect(start(MeshModule.forRoot({ timeoutMs: -1, listen }))).rejects.toThrow(/^timeoutMs must be a whole/);
    const late = MeshModule.forRootAsync({ useFactory: () => ({ lisen: {} }) as MeshOptions });
    await expect(start(late)).rejects.toThrow("unknown option 'lisen' (did you mean 'listen'?)");
  });

  it('of one mesh are given once', async () => {
    const imports = [MeshModule.forRoot({ name: 'again', listen: false })];
    await expect(start(MeshModule.forRoot({ listen }), { imports })).rejects.toThrow(
      "MeshModule.forRoot sets up the mesh 'default' twice: name each with the option 'mesh'",
    );
  });
});

describe('a mesh', () => {
  @Injectable()
  class NeedsMesh {
    constructor(
      readonly client: MeshClient,
      readonly server: MeshServer,
      readonly context: MeshContext,
    ) {}
  }

  @Module({ providers: [NeedsMesh] })
  class ElsewhereModule {}

  it('is visible in every module', async () => {
    const app = await start(MeshModule.forRoot({ listen }), { imports: [ElsewhereModule] });
    const { client, server } = app.get(NeedsMesh, { strict: false });
    expect(client).toBe(app.get(MeshClient));
    expect(server).toBe(app.get(MeshServer));
  });

  it('that is not global is visible where it is imported; clients of facades are everywhere', async () => {
    const root = MeshModule.forRoot({ nodeId: 'LX0000010000111', listen, isGlobal: false });
    await expect(start(root, { imports: [ElsewhereModule] })).rejects.toThrow(
      /can't resolve dependencies of.*NeedsMesh/,
    );

    class ImportsMesh {}
    const importing = { module: ImportsMesh, imports: [root], providers: [NeedsMesh] };
    const app = await start(root, { imports: [importing] });
    expect(app.get(NeedsMesh, { strict: false }).client).toBe(app.get(MeshClient, { strict: false }));
    expect(await app.get(Echo, { strict: false }).say('hello')).toBe('hello by lx0000010000111');
  });

  it('that is missing is named by the error', async () => {
    class Forgetful {}
    const root = { module: Forgetful, imports: [MeshModule.forFeature([Echo])] };
    const created = NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
    await expect(created).rejects.toThrow(/dependencies of .*Echo.*MeshFeatureClient:default/s);
  });

  it('is replaced by a test like any other provider', async () => {
    @Injectable()
    class Speaker {
      constructor(@MeshConsumer(Echo) private readonly echo: Echo) {}
      speak(): Promise<string> {
        return this.echo.say('hello');
      }
    }
    const testing = await Test.createTestingModule({
      imports: [MeshModule.forRoot({ listen: false }), MeshModule.forFeature([Echo])],
      providers: [Speaker],
    })
      .overrideProvider(Echo)
      .useValue({ say: (text: string) => Promise.resolve(`${text} from a double`) })
      .compile();
    onTestFinished(() => testing.close());
    expect(await testing.get(Speaker).speak()).toBe('hello from a double');
  });

  it('is not used by a constructor, for its extensions may not be made yet', async () => {
    @MeshExtension(BALANCER, 'late')
    class LateBalancer implements Balancer {
      constructor(@Inject('LATE') readonly late: string) {}
      pick([instance]: readonly Instance[]): Pick {
        return { instance: instance! };
      }
    }
    @Injectable()
    class Hasty {
      readonly answer: Promise<unknown>;
      constructor(@MeshConsumer(Echo) echo: Echo) {
        this.answer = echo.say('hello').catch((error: unknown) => error);
      }
    }
    const late = { provide: 'LATE', useFactory: () => sleep(5, 'late') };
    const app = await start(MeshModule.forRoot({ listen }), { providers: [Hasty, LateBalancer, late] });

    expect(await app.get(Hasty).answer).toMatchObject({
      code: MeshCode.INVALID_REQUEST,
      message:
        'the extension LateBalancer is not made yet: use the mesh from onModuleInit or later, not from a constructor',
    });
    expect(await app.get(Echo, { strict: false }).say('hello')).toBe('hello by lx0000000000000');
  });
});
