import { Injectable } from '@nestjs/common';
import { NEVER, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  direct,
  MeshCode,
  MeshConsumer,
  MeshContext,
  MeshFacade,
  MeshProvider,
  type MeshService,
  Mpi,
} from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { startApp, startConsumer } from '../support/mesh-app.js';
import { ways } from '../support/ways.js';
import { wires } from '../support/wires.js';

@MeshFacade({ timeoutMs: 50_000 })
class Timed {
  @Mpi('mesh.timed.left') left!: () => Promise<number>;
  @Mpi('mesh.timed.short', undefined, { timeoutMs: 20_000 }) short!: () => Promise<number>;
  @Mpi('mesh.timed.hang', ['how'], { timeoutMs: 500 }) hang!: (how: string) => Promise<void>;
}

@MeshFacade()
class Untimed {
  @Mpi('mesh.timed.left') left!: () => Promise<number>;
}

/** Says how much time is left, and hangs in several ways. */
function timedController() {
  const ended: unknown[] = [];
  @MeshProvider(Timed)
  class TimedController implements MeshService<Timed> {
    left(): number {
      return MeshContext.current()!.remainingMs;
    }
    short(): number {
      return MeshContext.current()!.remainingMs;
    }
    hang(how: string): Promise<void> | Observable<never> {
      MeshContext.current()!.signal.addEventListener('abort', ({ target }) => {
        ended.push((target as AbortSignal).reason);
      });
      return how === 'observed' ? NEVER : new Promise<never>(() => undefined);
    }
  }
  return { TimedController, ended };
}

const within = (least: number, most: number) => expect.toSatisfy((ms: number) => ms > least && ms <= most);

describe.each(wires)('the deadline of a call over $name', ({ connect }) => {
  it('is that of the call, else of the method, the facade, the mesh; else 10 s', async () => {
    const { TimedController } = timedController();
    const timed = await connect(Timed, { controllers: [TimedController] }, { timeoutMs: 80_000 });
    expect(await direct(timed, { timeoutMs: 9_000 }).short()).toEqual(within(0, 9_000));
    expect(await timed.short()).toEqual(within(10_000, 20_000));
    expect(await timed.left()).toEqual(within(40_000, 50_000));

    const untimed = await connect(Untimed, { controllers: [TimedController] }, { timeoutMs: 80_000 });
    expect(await untimed.left()).toEqual(within(70_000, 80_000));
    const plain = await connect(Untimed, { controllers: [TimedController] });
    expect(await plain.left()).toEqual(within(5_000, 10_000));
  });

  it.each(['promised', 'observed'])('ends a handler that never answers, %s, on both sides', async (how) => {
    const { TimedController, ended } = timedController();
    const timed = await connect(Timed, { controllers: [TimedController] });

    await timed.left();
    expect(await caught(timed.hang(how))).toMatchObject({ code: MeshCode.TIMEOUT, neverSent: false });
    await eventually('the handler is told', () => ended.length === 1);
    expect([MeshCode.TIMEOUT, MeshCode.CANCELLED]).toContain((ended[0] as { code: string }).code);
    expect(await timed.left()).toBeGreaterThan(0);
  });

  it('is told to the calls made below, less what has passed', async () => {
    @MeshFacade()
    class Upper {
      @Mpi('mesh.upper.left') left!: () => Promise<number>;
      @Mpi('mesh.upper.detached') detached!: () => Promise<number>;
    }
    @Injectable()
    @MeshProvider(Upper)
    class UpperController implements MeshService<Upper> {
      constructor(@MeshConsumer(Timed) private readonly timed: Timed) {}
      left(): Promise<number> {
        return this.timed.left();
      }
      detached(): Promise<number> {
        return direct(this.timed, { detached: true }).left();
      }
    }
    const { TimedController } = timedController();
    const parts = { controllers: [UpperController, TimedController], facades: [Timed] };
    const upper = await connect(Upper, parts, { timeoutMs: 80_000 });

    expect(await direct(upper, { timeoutMs: 9_000 }).left()).toEqual(within(0, 9_000));
    expect(await upper.left()).toEqual(within(40_000, 50_000));
    expect(await direct(upper, { timeoutMs: 9_000 }).detached()).toEqual(within(40_000, 50_000));
  });
});

describe('a chain of calls through three applications', () => {
  it.each(ways)('shares one deadline, %s', async (_, way) => {
    @MeshFacade()
    class Middle {
      @Mpi('mesh.middle.left') left!: () => Promise<number>;
      @Mpi('mesh.middle.hang') hang!: () => Promise<void>;
    }
    @MeshProvider(Middle)
    class MiddleController implements MeshService<Middle> {
      constructor(@MeshConsumer(Timed) private readonly timed: Timed) {}
      left(): Promise<number> {
        return this.timed.left();
      }
      hang(): Promise<void> {
        return direct(this.timed, { timeoutMs: 5_000 }).hang('promised');
      }
    }
    const { TimedController, ended } = timedController();
    const last = await startApp({ controllers: [TimedController] });
    const middle = await startApp({
      controllers: [MiddleController],
      facades: [Timed],
      options: { ...way, addresses: [last.address] },
    });
    const first = await startConsumer(middle.address, { facades: [Middle], options: way });
    const client = first.client(Middle);

    expect(await direct(client, { timeoutMs: 9_000 }).left()).toEqual(within(0, 9_000));
    expect((await caught(direct(client, { timeoutMs: 1_000 }).hang())).code).toBe(MeshCode.TIMEOUT);
    await eventually('the last handler is told', () => ended.length === 1);
  });
});
