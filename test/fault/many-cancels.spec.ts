import { describe, expect, it } from 'vitest';
import { direct, MeshCode, MeshFacade, MeshProvider, type MeshService, Mpi } from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { startPair } from '../support/mesh-app.js';
import { ways } from '../support/ways.js';

@MeshFacade()
class Waiting {
  @Mpi('mesh.waiting.hang') hang!: () => Promise<void>;
  @Mpi('mesh.waiting.quick') quick!: () => Promise<string>;
}

@MeshProvider(Waiting)
class WaitingController implements MeshService<Waiting> {
  hang(): Promise<void> {
    return new Promise(() => undefined);
  }
  quick(): string {
    return 'quick';
  }
}

// Node's HTTP/2 server breaks a connection whose peer has reset more than about a thousand streams in a short time.
describe.each(ways)('more cancelled calls than a connection bears, %s', (_, options) => {
  it('do not end the calls beside them', async () => {
    const waiting = await startPair(Waiting, { controllers: [WaitingController] }, options);
    const beside = direct(waiting, { timeoutMs: 60_000 })
      .hang()
      .catch((error: unknown) => error);
    for (let begin = 0; begin < 2_000; begin += 100) {
      const calls = Array.from({ length: 100 }, () => caught(direct(waiting, { timeoutMs: 20 }).hang()));
      for (const { code } of await Promise.all(calls)) expect(code).toBe(MeshCode.TIMEOUT);
      expect(await waiting.quick()).toBe('quick');
    }
    expect(await Promise.race([beside, Promise.resolve('still waiting')])).toBe('still waiting');
  });
});
