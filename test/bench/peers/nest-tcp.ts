import { NestFactory } from '@nestjs/core';
import { ClientTCP, Transport } from '@nestjs/microservices';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { HOST } from '../peer.js';
import type { Dialled, Ends } from '../peer.js';
import { inTurn } from './in-turn.js';
import { type Message, ServerModule } from './nest-echo.js';

async function dialOne(port: number): Promise<Dialled> {
  const client = new ClientTCP({ host: HOST, port });
  await client.connect();
  return {
    prepare: (payload) => async () => (await firstValueFrom(client.send<Message>('echo', { payload }))).payload.length,
    close: async () => client.close(),
  };
}

/** Nest's own TCP transport: JSON text with its length in front, no HTTP/2. */
export const nestTcp: Ends = {
  async serve(port) {
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(ServerModule, {
      transport: Transport.TCP,
      options: { host: HOST, port },
      logger: ['error'],
    });
    await app.listen();
    return { stop: () => app.close() };
  },
  dial: async (port, connections = 1) =>
    inTurn(await Promise.all(Array.from({ length: connections }, () => dialOne(port)))),
};
