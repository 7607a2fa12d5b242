import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MeshClient, meshMicroservice, MeshModule } from 'nestjs-mesh';
import type { MeshOptions } from 'nestjs-mesh';
import { HOST } from '../peer.js';
import type { Ends, Served } from '../peer.js';
import { dialEcho, ECHO, serveEcho } from './echo-app.js';

/** The node at which the provider is registered, and that which knows it as a partner. */
const [NEAR_PROVIDER, NEAR_CONSUMER] = ['LX0000000000002', 'LX0000000000001'];

@Module({})
class BenchModule {}

/** A node that passes on what it is called for. */
async function startNode(options: MeshOptions, port: number) {
  const listen = { host: HOST, port, side: 'inner' } as const;
  const mesh = MeshModule.forRoot({ name: 'bench-node', node: {}, listen, ...options });
  const module = { module: BenchModule, imports: [mesh] };
  const app = await NestFactory.createMicroservice(module, { ...meshMicroservice(), logger: ['error'] });
  await app.listen();
  return app;
}

/** A node with a registered instance. */
async function nodeOfProvider(options: MeshOptions, port: number, provider: number): Promise<Served> {
  const proto = options.use?.transport ?? 'grpc';
  const app = await startNode({ ...options, nodeId: NEAR_PROVIDER }, port);
  const address = `${HOST}:${provider}`;
  const services = [{ name: ECHO, proto, codec: 'json', address }];
  const content = { services, references: [] };
  const registration = {
    instance_id: address,
    name: 'bench',
    kind: 'metadata',
    address,
    timestamp: 86_400_000,
    content,
  };
  await app.get(MeshClient).call('mesh.registry.put', { registration });
  return { stop: () => app.close() };
}

/** A node with a partner. */
async function nodeOfConsumer(options: MeshOptions, port: number, partner: number): Promise<Served> {
  const partners = [{ nodeId: NEAR_PROVIDER, address: `${HOST}:${partner}` }];
  const app = await startNode({ ...options, nodeId: NEAR_CONSUMER, partners }, port);
  return { stop: () => app.close() };
}

function ends(options: MeshOptions): Ends {
  return {
    serve: (port) => serveEcho({ name: 'bench', ...options }, port),
    relay: (port, next, place) => (place === 0 ? nodeOfProvider : nodeOfConsumer)(options, port, next),
    dial: (port) => dialEcho({ name: 'bench', ...options, addresses: [`${HOST}:${port}`] }, { nodeId: NEAR_PROVIDER }),
  };
}

/** By way of nodes, over gRPC. */
export const hops = ends({ use: { transport: 'grpc' } });

/** The same over the TCP protocol. */
export const hopsTcp = ends({ use: { transport: 'tcp' } });

/** The same with unary calls, as applications and nodes of other makes make them. */
export const hopsUnary = ends({ use: { transport: 'grpc' }, grpc: { mode: 'unary' } });
