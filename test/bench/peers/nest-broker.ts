import { NestFactory } from '@nestjs/core';
import { ClientNats, ClientRedis, Transport } from '@nestjs/microservices';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { HOST } from '../peer.js';
import type { Ends } from '../peer.js';
import { startBroker } from './broker.js';
import { type Message, ServerModule } from './nest-echo.js';

/** One of Nest's transports by way of a broker. */
interface Way {
  readonly program: string;
  readonly args: (port: number) => readonly string[];
  readonly transport: (port: number) => MicroserviceOptions;
  readonly client: (port: number) => ClientNats | ClientRedis;
}

function ends({ program, args, transport, client }: Way): Ends {
  return {
    async serve(port) {
      const broker = await startBroker(program, args(port), port);
      const app = await NestFactory.createMicroservice<MicroserviceOptions>(ServerModule, {
        ...transport(port),
        logger: ['error'],
      });
      await app.listen();
      return { stop: () => app.close().finally(() => broker.stop()) };
    },
    async dial(port) {
      const proxy = client(port);
      await proxy.connect();
      return {
        prepare: (payload) => async () =>
          (await firstValueFrom(proxy.send<Message>('echo', { payload }))).payload.length,
        close: async () => proxy.close(),
      };
    },
  };
}

/** Nest's NATS transport. */
export const nestNats = ends({
  program: 'nats-server',
  args: (port) => ['--addr', HOST, '--port', String(port)],
  transport: (port) => ({ transport: Transport.NATS, options: { servers: [`${HOST}:${port}`] } }),
  client: (port) => new ClientNats({ servers: [`${HOST}:${port}`] }),
});

/** Nest's Redis transport. */
export const nestRedis = ends({
  program: 'redis-server',
  args: (port) => ['--bind', HOST, '--port', String(port), '--save', '', '--appendonly', 'no'],
  transport: (port) => ({ transport: Transport.REDIS, options: { host: HOST, port } }),
  client: (port) => new ClientRedis({ host: HOST, port }),
});
