import { describe, expect, it } from 'vitest';
import { MeshCode, MeshFacade, MeshProvider, MeshServer, meshTransport, Mpi } from 'nestjs-mesh';
import { type Listener, MeshExtension, type Transport, TRANSPORT } from 'nestjs-mesh/spi';
import { createApp } from '../support/mesh-app.js';

@MeshFacade()
class Ping {
  @Mpi('mesh.ping.ping') ping!: () => Promise<string>;
}

@MeshProvider(Ping)
class PingController {
  ping(): string {
    return 'pong';
  }
}

describe('the mesh server', () => {
  it('tells where it listens, and when it no longer does', async () => {
    const app = await createApp({ controllers: [PingController] });
    const server = app.get(MeshServer);
    const told: unknown[] = [];
    const states: unknown[] = [];
    server.on('listening', (addresses) => told.push(...addresses));
    server.on('close', () => told.push('close'));
    app.status.subscribe((status) => states.push(status));

    expect(server.addresses).toEqual([]);
    expect(() => server.unwrap()).toThrow(expect.objectContaining({ code: MeshCode.INVALID_REQUEST }));
    await app.listen();
    const [address] = server.addresses;
    expect(address).toMatch(/^127\.0\.0\.1:[1-9]\d+$/);
    expect(server.unwrap<unknown[]>()).toHaveLength(1);
    await Promise.all([server.close(), server.close()]);
    await app.close();
    expect(told).toEqual([address, 'close']);
    expect(states).toEqual(['listening', 'draining', 'closed']);
  });

  it('listens with none of its transports when it cannot with all', async () => {
    const events: string[] = [];
    class Failing implements Pick<Transport, 'proto' | 'dial'> {
      readonly proto = 'grpc';
      dial(): never {
        throw new Error('calls nobody');
      }
    }
    @MeshExtension(TRANSPORT, 'willing')
    class Willing extends Failing implements Transport {
      async listen(): Promise<Listener> {
        events.push('listened');
        const close = () => Promise.resolve();
        return { address: 'willing:1', pending: 0, server: this, close, destroy: () => events.push('destroyed') };
      }
    }
    @MeshExtension(TRANSPORT, 'unwilling')
    class Unwilling extends Failing implements Transport {
      listen(): Promise<Listener> {
        return Promise.reject(new Error('not here'));
      }
    }
    const listen = { host: '127.0.0.1', port: 0, transports: ['willing', 'unwilling'] };
    const app = await createApp({ providers: [Willing, Unwilling], options: { listen } });

    await expect(app.listen()).rejects.toThrow('not here');
    expect(events).toEqual(['listened', 'destroyed']);
    expect(app.get(MeshServer).addresses).toEqual([]);
  });

  it('knows its handlers by their services, as any of Nest’s servers', async () => {
    const app = await createApp({ controllers: [PingController] });
    await app.init();
    const server = app.get(MeshServer);

    expect([...server.getHandlers().keys()]).toEqual(['mesh.ping.ping']);
    expect(server.getHandlerByPattern('mesh.ping.ping')?.extras).toMatchObject({ provider: 'PingController.ping' });
    expect(server.transportId).toBe(meshTransport());
  });
});
