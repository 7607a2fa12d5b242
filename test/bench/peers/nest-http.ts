import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Pool } from 'undici';
import { HOST } from '../peer.js';
import type { Ends } from '../peer.js';

interface Message {
  payload: string;
}

@Controller()
class EchoController {
  @Post('echo')
  @HttpCode(200)
  echo(@Body() message: Message): Message {
    return message;
  }
}

@Module({ controllers: [EchoController] })
class ServerModule {}

/** Connections that are kept: as many as there are calls under way in the tables. */
const CONNECTIONS = 64;

/** Nest on Fastify, called by undici: what one writes in Nest without a transport of microservices. */
export const nestHttp: Ends = {
  async serve(port) {
    const adapter = new FastifyAdapter();
    const app = await NestFactory.create<NestFastifyApplication>(ServerModule, adapter, { logger: ['error'] });
    await app.listen(port, HOST);
    return { stop: () => app.close() };
  },
  async dial(port) {
    const pool = new Pool(`http://${HOST}:${port}`, { connections: CONNECTIONS });
    const headers = { 'content-type': 'application/json' };
    const call = async (message: Message): Promise<Message> => {
      const { body } = await pool.request({ path: '/echo', method: 'POST', headers, body: JSON.stringify(message) });
      return (await body.json()) as Message;
    };
    return {
      prepare: (payload) => async () => (await call({ payload })).payload.length,
      close: () => pool.destroy(),
    };
  },
};
