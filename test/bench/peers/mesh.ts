import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MeshConsumer, MeshFacade, meshMicroservice, MeshModule, MeshProvider, Mpi } from 'nestjs-mesh';
import type { MeshOptions, MeshService } from 'nestjs-mesh';
import { HOST } from '../peer.js';
import type { Dialled, Ends, Served } from '../peer.js';

interface Message {
  payload: string;
}

@MeshFacade()
class Echo {
  @Mpi('mesh.bench.echo', ['payload']) echo!: (payload: string) => Promise<Message>;
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

function moduleWith(options: MeshOptions, parts: Pick<EchoParts, 'controllers' | 'providers'>) {
  return { module: BenchModule, imports: [MeshModule.forRoot(options), MeshModule.forFeature([Echo])], ...parts };
}

interface EchoParts {
  controllers?: [typeof EchoController];
  providers?: [typeof EchoConsumer];
}

async function serve(options: MeshOptions, port: number): Promise<Served> {
  const module = moduleWith({ ...options, listen: { host: HOST, port } }, { controllers: [EchoController] });
  const app = await NestFactory.createMicroservice(module, { ...meshMicroservice(), logger: ['error'] });
  await app.listen();
  return { stop: () => app.close() };
}

async function dial(options: MeshOptions, port: number): Promise<Dialled> {
  const services = [{ service: 'mesh.bench.*', addresses: [`${HOST}:${port}`] }];
  const module = moduleWith({ ...options, services, listen: false }, { providers: [EchoConsumer] });
  const app = await NestFactory.createApplicationContext(module, { logger: ['error'] });
  const { echo } = app.get(EchoConsumer);
  return {
    prepare: (payload) => async () => (await echo.echo(payload)).payload.length,
    close: () => app.close(),
  };
}

function ends(options: MeshOptions): Ends {
  const all: MeshOptions = { name: 'bench', ...options };
  return { serve: (port) => serve(all, port), dial: (port) => dial(all, port) };
}

/** The mesh over gRPC, as it comes: two of our own ends let calls follow each other on open streams. */
export const mesh = ends({});

/** The mesh over gRPC as it speaks to peers of other kinds: every call is a gRPC call. */
export const meshUnary = ends({ grpc: { mode: 'unary' } });
