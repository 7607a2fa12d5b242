/** An application as a user writes it; the test of the package compiles it as an ES module and as CommonJS, outside the repository. */
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  MeshConsumer,
  MeshFacade,
  meshMicroservice,
  MeshModule,
  MeshProvider,
  MeshServer,
  Mpi,
  type MeshService,
} from 'nestjs-mesh';
import { BALANCER, MeshExtension, type Balancer, type Instance } from 'nestjs-mesh/spi';
import * as testing from 'nestjs-mesh/testing';

@MeshFacade({ timeoutMs: 5_000 })
class Adder {
  @Mpi('mesh.package.add', ['a', 'b']) add!: (a: number, b: number) => Promise<number>;
}

@MeshProvider(Adder)
class AdderController implements MeshService<Adder> {
  add(a: number, b: number): number {
    return a + b;
  }
}

@MeshExtension(BALANCER, 'first', { priority: 1 })
class FirstBalancer implements Balancer {
  picks = 0;

  pick([instance]: readonly Instance[]): { instance: Instance } {
    this.picks++;
    return { instance: instance! };
  }
}

@Injectable()
class Component {
  constructor(@MeshConsumer(Adder) readonly adder: Adder) {}
}

@Module({
  imports: [MeshModule.forRoot({ name: 'adder', listen: { host: '127.0.0.1', port: 0 } })],
  controllers: [AdderController],
})
class ProviderModule {}

async function main(): Promise<void> {
  const provider = await NestFactory.createMicroservice(ProviderModule, { ...meshMicroservice(), logger: ['warn'] });
  await provider.listen();

  @Module({
    imports: [MeshModule.forRoot({ addresses: provider.get(MeshServer).addresses }), MeshModule.forFeature([Adder])],
    providers: [Component, FirstBalancer],
  })
  class ConsumerModule {}
  const consumer = await NestFactory.createApplicationContext(ConsumerModule, { logger: ['warn'] });
  const sum = await consumer.get(Component).adder.add(20, 22);
  const { picks } = consumer.get(FirstBalancer);
  await consumer.close();
  await provider.close();

  console.log(JSON.stringify({ sum, picks, testing: Object.keys(testing).length > 0 }));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
