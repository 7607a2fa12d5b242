import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { direct, MeshConsumer, MeshFacade, meshMicroservice, MeshModule, MeshProvider, Mpi } from 'nestjs-mesh';
import type { CallOptions, MeshOptions, MeshService } from 'nestjs-mesh';
import { HOST } from '../peer.js';
import type { Dialled, Served } from '../peer.js';

/** The one service that {@link Echo} has. */
export const ECHO = 'mesh.bench.echo';

interface Message {
  payload: string;
}

@MeshFacade()
class Echo {
  @Mpi(ECHO, ['payload']) echo!: (payload: string) => Promise<Message>;
}

@MeshProvider(Echo)
class EchoController implements MeshService<Echo> {
  echo(payload: string): Message {
    return { payload };
  }
}

@Injectable()
class EchoConsumer {
  constructor(@MeshConsumer(Echo) readonly echo: Echo) {}
}

@Module({})
class BenchModule {}

interface Parts {
  controllers?: [typeof EchoController];
  providers?: [typeof EchoConsumer];
}

function moduleWith(options: MeshOptions, parts: Parts) {
  return { module: BenchModule, imports: [MeshModule.forRoot(options), MeshModule.forFeature([Echo])], ...parts };
}

/** Starts an application that provides the service. */
export async function serveEcho(options: MeshOptions, port: number): Promise<Served> {
  const module = moduleWith({ ...options, listen: { host: HOST, port } }, { controllers: [EchoController] });
  const app = await NestFactory.createMicroservice(module, { ...meshMicroservice(), logger: ['error'] });
  await app.listen();
  return { stop: () => app.close() };
}

/** Starts an application that calls it. */
export async function dialEcho(options: MeshOptions, target: CallOptions = {}): Promise<Dialled> {
  const module = moduleWith({ ...options, listen: false }, { providers: [EchoConsumer] });
  const app = await NestFactory.createApplicationContext(module, { logger: ['error'] });
  const { echo } = app.get(EchoConsumer);
  const client = Object.keys(target).length > 0 ? direct(echo, target) : echo;
  return {
    prepare: (payload) => async () => (await client.echo(payload)).payload.length,
    close: () => app.close(),
  };
}
