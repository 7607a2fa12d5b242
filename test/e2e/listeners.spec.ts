import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type ListenOptions, MeshClient, MeshFacade, MeshProvider, MeshServer, Mpi } from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { createApp, startApp, startConsumer } from '../support/mesh-app.js';

@MeshFacade()
class Shop {
  @Mpi('mesh.shop.price') price!: () => Promise<string>;
  @Mpi('mesh.office.profit') profit!: () => Promise<string>;
}

@MeshProvider(Shop)
class ShopController {
  price(): string {
    return 'price';
  }
  profit(): string {
    return 'profit';
  }
}

const local = { host: '127.0.0.1', port: 0 } as const;

async function listenAt(...listen: ListenOptions[]): Promise<readonly string[]> {
  const { app } = await startApp({ controllers: [ShopController], options: { listen } });
  return app.get(MeshServer).addresses;
}

/** What a caller hears of a service, at an address. */
async function hear(address: string, service: string, how: 'grpc' | 'http'): Promise<unknown> {
  const { app } = await startConsumer(address, { options: { use: { transport: how } } });
  const client = app.get(MeshClient);
  return client.call(service, {}, { address }).catch((error: { code: string; message: string }) => error.code);
}

describe('several listeners', () => {
  it('all serve, and tell where they listen', async () => {
    const addresses = await listenAt({ ...local, side: 'inner' }, local);
    expect(new Set(addresses).size).toBe(2);
    for (const address of addresses) expect(await hear(address, 'mesh.shop.price', 'grpc')).toBe('price');
  });

  it.each(['grpc', 'http'] as const)('serve each what it is to, over %s', async (how) => {
    const [outer, inner] = await listenAt({ ...local, serves: ['mesh.shop.*', 'nodes'] }, { ...local, side: 'inner' });
    expect(await hear(inner!, 'mesh.office.profit', how)).toBe('profit');
    expect(await hear(outer!, 'mesh.shop.price', how)).toBe('price');
    expect(await hear(outer!, 'mesh.office.profit', how)).toBe('E0000000617');
  });

  it('tell the same of what is not served there as of what does not exist', async () => {
    const [outer] = await listenAt({ ...local, serves: ['mesh.shop.*'] });
    const { app } = await startConsumer(outer!, {});
    const client = app.get(MeshClient);
    const [hidden, absent] = await Promise.all(
      ['mesh.office.profit', 'mesh.office.nobody'].map(async (service) => caught(client.call(service, {}))),
    );
    expect(hidden!.message.replace('profit', 'nobody')).toBe(absent!.message);
    const statusOf = async (path: string): Promise<unknown> => {
      const answer = await fetch(`http://${outer}${path}`, { method: 'POST', body: '{}' });
      return [answer.status, (await answer.text()).replaceAll(path, 'PATH')];
    };
    expect(await statusOf('/v1/interconn/chan/push')).toEqual(await statusOf('/v1/interconn/chan/nothing'));
    expect(await statusOf('/v1/interconn/chan/invoke')).toEqual(await statusOf('/nowhere'));
  });

  it('are all closed when one of them cannot listen', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    const free = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => free.once('listening', resolve));
    const first = (free.address() as AddressInfo).port;
    await new Promise((resolve) => free.close(resolve));
    const listen = [
      { ...local, port: first },
      { ...local, port },
    ];
    const app = await createApp({ controllers: [ShopController], options: { listen } });
    const error = await caught(app.listen());
    taken.close();
    expect(error).toMatchObject({ code: 'E0000000619', message: expect.stringContaining(`127.0.0.1:${port}`) });
    expect(app.get(MeshServer).addresses).toEqual([]);
    await expect(fetch(`http://127.0.0.1:${first}/`)).rejects.toThrow('fetch failed');
  });
});
