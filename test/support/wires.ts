import type { Type } from '@nestjs/common';
import type { MeshOptions } from 'nestjs-mesh';
import { MemoryNetwork } from '../../lib/transport/memory/memory-network.js';
import { MemoryTransport } from '../../lib/transport/memory/memory-transport.js';
import { startApp, startConsumer, type TestAppParts } from './mesh-app.js';

/** One way that calls can take from a consumer to a provider. */
export interface Wire {
  readonly name: string;
  /** Starts a provider and a consumer of one facade; what is returned is the consumer's client. */
  connect<T extends object>(facade: Type<T>, provider: TestAppParts, options?: MeshOptions): Promise<T>;
}

/** Between two applications, each of which listens on a port of its own. */
function over(name: string, way: MeshOptions): Wire {
  return {
    name,
    async connect(facade, provider, options) {
      const { address } = await startApp(provider);
      const consumer = await startConsumer(address, { facades: [facade], options: { ...options, ...way } });
      return consumer.client(facade);
    },
  };
}

function overGrpc(name: string, grpc: MeshOptions['grpc']): Wire {
  return over(name, { use: { transport: 'grpc' }, grpc: { ...grpc } });
}

function overHttp(name: string, http: MeshOptions['http']): Wire {
  return over(name, { use: { transport: 'http' }, http: { ...http } });
}

const overMemory: Wire = {
  name: 'memory',
  async connect(facade, provider, options) {
    const providers = [{ provide: MemoryNetwork, useValue: new MemoryNetwork() }, MemoryTransport];
    const use = { transport: 'memory' };
    const { address } = await startApp({
      ...provider,
      providers: [...(provider.providers ?? []), ...providers],
      options: { ...provider.options, use },
    });
    const consumer = await startConsumer(address, { facades: [facade], providers, options: { ...options, use } });
    return consumer.client(facade);
  },
};

const inProcess: Wire = {
  name: 'in one process',
  async connect(facade, provider, options) {
    const app = await startApp({
      ...provider,
      facades: [facade, ...(provider.facades ?? [])],
      options: { ...provider.options, ...options },
    });
    return app.client(facade);
  },
};

/** Every way that calls can take. */
export const wires: readonly Wire[] = [
  overGrpc('gRPC', { mode: 'unary' }),
  overGrpc('gRPC, learning', { mode: 'auto' }),
  overGrpc('gRPC streams', { mode: 'stream' }),
  overHttp('HTTP/1.1', { version: '1.1' }),
  overHttp('HTTP/2', { version: '2' }),
  over('TCP', { use: { transport: 'tcp' } }),
  over('what is chosen by itself', { use: { transport: 'auto' } }),
  overMemory,
  inProcess,
];
