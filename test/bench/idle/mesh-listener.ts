import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { meshMicroservice, MeshModule } from 'nestjs-mesh';
import { HOST } from '../peer.js';
import { PATIENCE_MS } from './listeners.js';

@Module({})
class BenchModule {}

/** Starts an application that listens with our port. */
export async function serveMesh(port: number): Promise<void> {
  const mesh = MeshModule.forRoot({ name: 'bench', listen: { host: HOST, port, handshakeTimeoutMs: PATIENCE_MS } });
  const module = { module: BenchModule, imports: [mesh] };
  const app = await NestFactory.createMicroservice(module, { ...meshMicroservice(), logger: ['error'] });
  await app.listen();
}
