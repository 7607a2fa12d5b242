import { describe, expect, it } from 'vitest';
import { MeshCode, MeshContext, type MeshError, MeshFacade, MeshProvider, type MeshService, Mpi } from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { startApp } from '../support/mesh-app.js';
import { startRelay } from '../support/relay.js';
import { ways } from '../support/ways.js';

@MeshFacade()
class Waiting {
  @Mpi('mesh.waiting.hang') hang!: () => Promise<void>;
  @Mpi('mesh.waiting.quick') quick!: () => Promise<string>;
}

describe.each(ways)('a connection that breaks, %s', (_, way) => {
  it('ends the calls under way on both sides, and the next call connects anew', async () => {
    const told: unknown[] = [];
    let hanging = 0;
    @MeshProvider(Waiting)
    class WaitingController implements MeshService<Waiting> {
      hang(): Promise<void> {
        hanging++;
        MeshContext.current()!.cancellation.onCancel((reason: MeshError) => told.push(reason.code));
        return new Promise(() => undefined);
      }
      quick(): string {
        return 'quick';
      }
    }
    const provider = await startApp({ controllers: [WaitingController] });
    const relay = await startRelay(provider.address);
    const options = { addresses: [relay.address], ...way };
    const consumer = await startApp({ facades: [Waiting], options });
    const waiting = consumer.client(Waiting);

    const failures = [1, 2, 3].map(() => caught(waiting.hang()));
    await eventually('all handlers run', () => hanging === 3);
    relay.cut();
    for (const failure of await Promise.all(failures)) {
      expect(failure).toMatchObject({ code: MeshCode.UNREACHABLE, neverSent: false });
    }
    await eventually('all handlers are told', () => told.length === 3);
    expect(told).toEqual([MeshCode.CANCELLED, MeshCode.CANCELLED, MeshCode.CANCELLED]);
    expect(await waiting.quick()).toBe('quick');
    expect(relay.connections).toBe(2);
  });
});
