import { Module, type DynamicModule, type INestMicroservice, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MeshFacade, meshMicroservice, MeshModule, MeshProvider, MeshServer, Mpi, type MeshService } from 'nestjs-mesh';
import { StickyBalancer } from './sticky.balancer.js';
import { StopwatchFilter } from './stopwatch.filter.js';
import { TallyMiddleware } from './tally.middleware.js';

@MeshFacade()
class Greeter {
  @Mpi('mesh.demo.greet', ['name']) greet!: (name: string) => Promise<string>;
}

/** A provider of the facade that answers in its colour. */
function painted(colour: string): Type {
  @MeshProvider(Greeter)
  class GreeterController implements MeshService<Greeter> {
    greet(): string {
      return colour;
    }
  }
  @Module({
    imports: [MeshModule.forRoot({ name: colour, listen: { host: '127.0.0.1', port: 0 } })],
    controllers: [GreeterController],
    providers: [TallyMiddleware],
  })
  class GreeterModule {}
  return GreeterModule;
}

async function listen(colour: string): Promise<INestMicroservice> {
  const app = await NestFactory.createMicroservice(painted(colour), { ...meshMicroservice(), logger: ['warn'] });
  await app.listen();
  return app;
}

/** Who answers six calls of an application with these extensions. */
async function answers(addresses: readonly string[], ...extensions: readonly Type[]): Promise<string[]> {
  @Module({})
  class ConsumerModule {}
  const module: DynamicModule = {
    module: ConsumerModule,
    imports: [
      MeshModule.forRoot({ services: [{ service: 'mesh.demo.*', addresses }] }),
      MeshModule.forFeature([Greeter]),
    ],
    providers: [...extensions],
  };
  const app = await NestFactory.createApplicationContext(module, { logger: ['warn'] });
  const greeter = app.get(Greeter, { strict: false });
  const colours: string[] = [];
  for (let call = 0; call < 6; call++) colours.push(await greeter.greet('mesh'));
  for (const ms of app.get(StopwatchFilter).durationsMs) console.log(`  a call took ${ms.toFixed(1)} ms`);
  await app.close();
  return colours;
}

const providers = await Promise.all(['red', 'green', 'blue'].map(listen));
const addresses = providers.flatMap((app) => app.get(MeshServer).addresses);

const inTurn = await answers(addresses, StopwatchFilter);
console.log(`round-robin  ${inTurn.join(' ')}`);
const sticky = await answers(addresses, StopwatchFilter, StickyBalancer);
console.log(`sticky       ${sticky.join(' ')}`);

const counts = providers.map((app) => app.get(TallyMiddleware, { strict: false }).count);
console.log(`middleware   has counted ${counts.join(' + ')} calls`);

await Promise.all(providers.map((app) => app.close()));
const isCounted = counts.reduce((sum, count) => sum + count) === inTurn.length + sticky.length;
process.exitCode = new Set(inTurn).size === 3 && new Set(sticky).size === 1 && isCounted ? 0 : 1;
