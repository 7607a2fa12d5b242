import { describe, expect, it } from 'vitest';
import { MeshCode, MeshFacade, MeshProvider, MeshServer, meshTransport, Mpi } from 'nestjs-mesh';
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

  it('knows its handlers by their services, as any of Nest’s servers', async () => {
    const app = await createApp({ controllers: [PingController] });
    await app.init();
    const server = app.get(MeshServer);

    expect([...server.getHandlers().keys()]).toEqual(['mesh.ping.ping']);
    expect(server.getHandlerByPattern('mesh.ping.ping')?.extras).toMatchObject({ provider: 'PingController.ping' });
    expect(server.transportId).toBe(meshTransport());
  });
});
