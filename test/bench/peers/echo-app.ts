import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { bytes, direct, MeshConsumer, MeshFacade, meshMicroservice, MeshModule, MeshProvider, Mpi } from 'nestjs-mesh';
import type { CallOptions, MeshOptions, MeshService } from 'nestjs-mesh';
import { HOST } from '../peer.js';
import type { Call, Dialled, Served } from '../peer.js';

/** The service that takes text. */
export const ECHO = 'mesh.bench.echo';

/** What a call carries: text in an object, or bytes alone. */
export type Content = 'text' | 'bytes';

interface Message {
  payload: string;
}

@MeshFacade()
class Echo {
  @Mpi(ECHO, ['payload']) echo!: (payload: string) => Promise<Message>;
  @Mpi('mesh.bench.bytes', [bytes('payload')], { returns: bytes() }) bytes!: (
    payload: Uint8Array,
  ) => Promise<Uint8Array>;
  @Mpi('mesh.bench.uneven', [bytes('payload'), 'answer'], { returns: bytes() }) uneven!: (
    payload: Uint8Array,
    answer: number,
  ) => Promise<Uint8Array>;
}

@MeshProvider(Echo)
class EchoController implements MeshService<Echo> {
  private answer = Buffer.alloc(0);

  echo(payload: string): Message {
    return { payload };
  }

  bytes(payload: Uint8Array): Uint8Array {
    return payload;
  }

  /** Answers so many bytes, which are made once for all calls that want as many. */
  uneven(_payload: Uint8Array, answer: number): Uint8Array {
    if (this.answer.length !== answer) this.answer = Buffer.alloc(answer, 7);
    return this.answer;
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

/** Starts an application that provides the services, at {@link HOST} or at another address of this machine. */
export async function serveEcho(options: MeshOptions, port: number, host = HOST): Promise<Served> {
  const module = moduleWith({ ...options, listen: { host, port } }, { controllers: [EchoController] });
  const app = await NestFactory.createMicroservice(module, { ...meshMicroservice(), logger: ['error'] });
  await app.listen();
  return { stop: () => app.close() };
}

/** Starts an application that calls them. */
export async function dialEcho(
  options: MeshOptions,
  target: CallOptions = {},
  content: Content = 'text',
): Promise<Dialled> {
  const module = moduleWith({ ...options, listen: false }, { providers: [EchoConsumer] });
  const app = await NestFactory.createApplicationContext(module, { logger: ['error'] });
  const { echo } = app.get(EchoConsumer);
  const client = Object.keys(target).length > 0 ? direct(echo, target) : echo;
  const text: Dialled['prepare'] = (payload) => async () => (await client.echo(payload)).payload.length;
  const binary: Dialled['prepare'] = (payload) => {
    const sent = Buffer.from(payload);
    return async () => (await client.bytes(sent)).byteLength;
  };
  const prepareUneven = (sent: number, received: number): Call => {
    const payload = Buffer.alloc(sent, 7);
    return async () => (await client.uneven(payload, received)).byteLength;
  };
  return { prepare: content === 'bytes' ? binary : text, prepareUneven, close: () => app.close() };
}
