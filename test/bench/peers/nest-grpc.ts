import { fileURLToPath } from 'node:url';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientGrpcProxy, GrpcMethod, Transport } from '@nestjs/microservices';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';
import { HOST } from '../peer.js';
import type { Ends } from '../peer.js';

interface Message {
  payload: string;
}

interface EchoClient {
  echo(message: Message): Observable<Message>;
}

@Controller()
class EchoController {
  @GrpcMethod('Echo', 'Echo')
  echo(message: Message): Message {
    return message;
  }
}

@Module({ controllers: [EchoController] })
class ServerModule {}

function optionsAt(port: number) {
  const protoPath = fileURLToPath(new URL('../../peers/echo.proto', import.meta.url));
  return { package: 'bench', protoPath, url: `${HOST}:${port}` };
}

/** Nest's own gRPC transport, with a .proto file. */
export const nestGrpc: Ends = {
  async serve(port) {
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(ServerModule, {
      transport: Transport.GRPC,
      options: optionsAt(port),
      logger: ['error'],
    });
    await app.listen();
    return { stop: () => app.close() };
  },
  async dial(port) {
    const client = new ClientGrpcProxy(optionsAt(port));
    const echo = client.getService<EchoClient>('Echo');
    return {
      prepare: (payload) => async () => (await firstValueFrom(echo.echo({ payload }))).payload.length,
      close: async () => client.close(),
    };
  },
};
