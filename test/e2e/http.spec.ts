import { MeshFacade, MeshProvider, type MeshService, Mpi } from 'nestjs-mesh';
import { describe, expect, it } from 'vitest';
import { formatUrn } from '../../lib/protocol/urn.js';
import { startApp } from '../support/mesh-app.js';

@MeshFacade()
class Sums {
  @Mpi('mesh.sums.add', ['a', 'b']) add!: (a: number, b: number) => Promise<number>;
}

@MeshProvider(Sums)
class SumsController implements MeshService<Sums> {
  add(a: number, b: number): Promise<number> {
    return Promise.resolve(a + b);
  }
}

describe('a service, called by plain HTTP', () => {
  it('answers at /mesh/invoke what it would answer over gRPC', async () => {
    const { address } = await startApp({ controllers: [SumsController] });
    const urn = formatUrn({ name: 'mesh.sums.add', nodeId: 'LX0000000000000' });
    const post = async (headers: Record<string, string>, body: string): Promise<unknown> => {
      const answer = await fetch(`http://${address}/mesh/invoke`, { method: 'POST', headers, body });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
      return answer.json();
    };
    expect(await post({ 'mesh-urn': urn }, '{"a":2,"b":3}')).toMatchObject({ code: 'E0000000000', content: 5 });
    expect(await post({ 'mesh-urn': urn }, 'no JSON')).toMatchObject({ code: 'E0000000616' });
    expect(await post({}, '{}')).toMatchObject({ code: expect.stringMatching(/^E\d{10}$/) });
    expect((await fetch(`http://${address}/mesh/invoke`)).status).toBe(405);
    expect((await fetch(`http://${address}/`)).status).toBe(404);
  });
});
