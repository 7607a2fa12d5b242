import { Controller, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  getConsumerToken,
  getMeshClientToken,
  getMeshServerToken,
  MeshClient,
  MeshCode,
  MeshConsumer,
  MeshContext,
  MeshFacade,
  MeshModule,
  MeshProvider,
  type MeshServer,
  type MeshService,
  Mpi,
  meshMicroservice,
  meshTransport,
} from 'nestjs-mesh';
import { BALANCER, type Balancer, type Instance, MeshExtension, type Pick } from 'nestjs-mesh/spi';
import { caught } from '../support/caught.js';

@MeshFacade()
class Place {
  @Mpi('mesh.place.name') name!: () => Promise<string>;
}

class PlaceController implements MeshService<Place> {
  name(): string {
    return `${this.constructor.name} at ${MeshContext.current()!.target.nodeId}`;
  }
}

@MeshProvider(Place, { mesh: 'inner' })
class Inside extends PlaceController {}

@MeshProvider(Place, { mesh: 'outer' })
class Outside extends PlaceController {}

class Traveller {
  constructor(
    @MeshConsumer(Place, { mesh: 'inner' }) readonly inner: Place,
    @MeshConsumer(Place, { mesh: 'outer' }) readonly outer: Place,
    @MeshConsumer(Place, { mesh: 'outer', attachments: { far: 'yes' } }) readonly far: Place,
  ) {}
}

const listen = { host: '127.0.0.1', port: 0 };

async function startBoth(...imports: DynamicModule[]) {
  class BothModule {}
  const app = await NestFactory.create(
    {
      module: BothModule,
      controllers: [Inside, Outside],
      providers: [Traveller],
      imports: [
        MeshModule.forRoot({ mesh: 'inner', nodeId: 'LX0000000000001', listen }),
        MeshModule.forRootAsync({ mesh: 'outer', useFactory: () => ({ nodeId: 'LX0000000000002', listen }) }),
        MeshModule.forFeature([Place], { mesh: 'inner' }),
        MeshModule.forFeature([Place], { mesh: 'outer' }),
        ...imports,
      ],
    },
    { logger: false, abortOnError: false },
  );
  onTestFinished(() => app.close());
  app.connectMicroservice(meshMicroservice('inner'), { inheritAppConfig: true });
  app.connectMicroservice(meshMicroservice('outer'), { inheritAppConfig: true });
  await app.startAllMicroservices();
  await app.init();
  return app;
}

describe('two meshes in one application', () => {
  it('have a server, a client and providers each', async () => {
    const app = await startBoth();

    const [inner, outer] = ['inner', 'outer'].map((mesh) => app.get<MeshServer>(getMeshServerToken(mesh)).addresses);
    expect(inner).toHaveLength(1);
    expect(outer).toHaveLength(1);
    expect(inner).not.toEqual(outer);
    const client = app.get<MeshClient>(getMeshClientToken('inner'));
    const call = (addresses: readonly string[] | undefined) =>
      client.call('mesh.place.name', {}, { address: addresses![0]! });
    expect(await call(inner)).toBe('Inside at lx0000000000001');
    expect(await call(outer)).toBe('Outside at lx0000000000001');
  });

  it('are told apart by those who inject them', async () => {
    const app = await startBoth();
    const { inner, outer, far } = app.get(Traveller);

    expect(await inner.name()).toBe('Inside at lx0000000000001');
    expect(await outer.name()).toBe('Outside at lx0000000000002');
    expect(await far.name()).toBe('Outside at lx0000000000002');
    expect(app.get(getConsumerToken(Place, { mesh: 'inner' }), { strict: false })).toBe(inner);
  });

  it('have extensions of their own, where these say so', async () => {
    @MeshExtension(BALANCER, 'refusing', { priority: 1, mesh: 'outer' })
    class Refusing implements Balancer {
      pick(instances: readonly Instance[]): Pick {
        throw new Error(`will not pick one of ${instances.length}`);
      }
    }
    class WithExtension {}
    const app = await startBoth({ module: WithExtension, providers: [Refusing] });
    const { inner, outer } = app.get(Traveller);

    expect(await inner.name()).toBe('Inside at lx0000000000001');
    expect((await caught(outer.name())).message).toBe('will not pick one of 1');
  });

  it('both serve a plain handler, unless it names its mesh', async () => {
    @Controller()
    class PlainController {
      @MessagePattern('mesh.plain.anywhere') anywhere(): string {
        return 'anywhere';
      }
      @MessagePattern('mesh.plain.outer', meshTransport('outer')) outer(): string {
        return 'outer';
      }
    }
    class WithPlain {}
    const app = await startBoth({ module: WithPlain, controllers: [PlainController] });
    const [inner, outer] = ['inner', 'outer'].map((mesh) => app.get<MeshClient>(getMeshClientToken(mesh)));

    expect(await inner!.call('mesh.plain.anywhere', {})).toBe('anywhere');
    expect(await outer!.call('mesh.plain.anywhere', {})).toBe('anywhere');
    expect(await outer!.call('mesh.plain.outer', {})).toBe('outer');
    expect((await caught(inner!.call('mesh.plain.outer', {}))).code).toBe(MeshCode.NO_INSTANCE);
  });

  it('need no default one', async () => {
    const app = await startBoth();
    expect(() => app.get(MeshClient, { strict: false })).toThrow(/MeshClient/);
  });
});
