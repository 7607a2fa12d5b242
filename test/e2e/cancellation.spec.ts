import { Observable, type Subscription } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  direct,
  MeshCode,
  MeshConsumer,
  MeshContext,
  MeshError,
  MeshFacade,
  MeshProvider,
  type MeshService,
  Mpi,
} from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { startApp, startConsumer, type TestAppParts } from '../support/mesh-app.js';
import { ways } from '../support/ways.js';
import { wires } from '../support/wires.js';

@MeshFacade()
class Slow {
  @Mpi('mesh.slow.promise') promise!: () => Promise<void>;
  @Mpi('mesh.slow.observable') observable!: () => Promise<void>;
  @Mpi('mesh.slow.watch', undefined, { observable: true }) watch!: () => Observable<void>;
  @Mpi('mesh.slow.quick') quick!: () => Promise<string>;
}

/** A provider whose handlers go on until they are stopped. */
function slowProvider(): { parts: TestAppParts; events: string[] } {
  const events: string[] = [];
  @MeshProvider(Slow)
  class SlowController implements MeshService<Slow> {
    promise(): Promise<void> {
      const { signal } = MeshContext.current()!;
      events.push('begun');
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          events.push(`aborted ${(signal.reason as MeshError).code}`);
          reject(signal.reason);
        });
      });
    }
    observable(): Observable<void> {
      return new Observable(() => {
        events.push('begun');
        return () => events.push('unsubscribed');
      });
    }
    watch(): Observable<void> {
      return this.observable();
    }
    quick(): string {
      return 'quick';
    }
  }
  return { parts: { controllers: [SlowController] }, events };
}

const begun = (events: readonly string[]) => eventually('the handler runs', () => events.includes('begun'));

describe.each(wires)('cancelling a call over $name', ({ connect }) => {
  it('by a signal ends it at once, and tells the handler', async () => {
    const { parts, events } = slowProvider();
    const slow = await connect(Slow, parts);
    const caller = new AbortController();

    const failed = caught(direct(slow, { signal: caller.signal }).promise());
    await begun(events);
    const why = new Error('no longer needed');
    caller.abort(why);
    const error = await failed;
    expect(error).toMatchObject({ code: MeshCode.CANCELLED, cause: why });
    expect(error.message).toBe('mesh.slow.promise was cancelled by its caller');
    await eventually('the handler is told', () => events.includes('aborted E0000000499'));
    expect(await slow.quick()).toBe('quick');
  });

  it('by a signal unsubscribes from the Observable of the handler', async () => {
    const { parts, events } = slowProvider();
    const slow = await connect(Slow, parts);
    const caller = new AbortController();

    const failed = caught(direct(slow, { signal: caller.signal }).observable());
    await begun(events);
    caller.abort();
    expect((await failed).code).toBe(MeshCode.CANCELLED);
    await eventually('the Observable is let go', () => events.includes('unsubscribed'));
  });

  it('by unsubscribing, and not before subscribing', async () => {
    const { parts, events } = slowProvider();
    const slow = await connect(Slow, parts);

    const watched = slow.watch();
    expect(events).toEqual([]);
    const results: unknown[] = [];
    const subscription: Subscription = watched.subscribe({ error: (error) => results.push(error) });
    await begun(events);
    subscription.unsubscribe();
    await eventually('the Observable is let go', () => events.includes('unsubscribed'));
    expect(results).toEqual([]);
  });

  it('before it begins sends nothing', async () => {
    const { parts, events } = slowProvider();
    const slow = await connect(Slow, parts);

    const why = new MeshError(MeshCode.FORBIDDEN, 'not any more');
    expect(await caught(direct(slow, { signal: AbortSignal.abort(why) }).promise())).toBe(why);
    expect(await slow.quick()).toBe('quick');
    expect(events).toEqual([]);
  });

  it('by one signal ends any number of calls, without a warning', async () => {
    const { parts, events } = slowProvider();
    const slow = await connect(Slow, parts);
    const warnings: string[] = [];
    const warned = ({ name }: Error) => void warnings.push(name);
    process.on('warning', warned);
    onTestFinished(() => void process.off('warning', warned));
    const caller = new AbortController();

    const calls = Array.from({ length: 30 }, () => caught(direct(slow, { signal: caller.signal }).promise()));
    await eventually('all handlers run', () => events.length === calls.length);
    caller.abort();
    for (const { code } of await Promise.all(calls)) expect(code).toBe(MeshCode.CANCELLED);
    await eventually('all handlers are told', () => events.length === 2 * calls.length);
    expect(warnings).toEqual([]);
  });

  it('reaches the calls that its handler has made', async () => {
    @MeshFacade()
    class Front {
      @Mpi('mesh.front.pass') pass!: () => Promise<void>;
    }
    @MeshProvider(Front)
    class FrontController implements MeshService<Front> {
      constructor(@MeshConsumer(Slow) private readonly slow: Slow) {}
      pass(): Promise<void> {
        return this.slow.promise();
      }
    }
    const { parts, events } = slowProvider();
    const controllers = [...parts.controllers!, FrontController];
    const front = await connect(Front, { controllers, facades: [Slow] });
    const caller = new AbortController();

    const failed = caught(direct(front, { signal: caller.signal }).pass());
    await begun(events);
    caller.abort();
    expect((await failed).code).toBe(MeshCode.CANCELLED);
    await eventually('the last handler is told', () => events.includes('aborted E0000000499'));
  });
});

describe('a caller that goes away', () => {
  it.each(ways)('cancels what it has called, %s', async (_, way) => {
    const { parts, events } = slowProvider();
    const { address } = await startApp(parts);
    const options = { ...way, drainTimeoutMs: 0 };
    const { app, client } = await startConsumer(address, { facades: [Slow], options });

    const failures = [caught(client(Slow).promise()), caught(client(Slow).observable())];
    await eventually('both handlers run', () => events.length === 2);
    await app.close();
    for (const failure of await Promise.all(failures)) expect(failure.code).toBe(MeshCode.UNREACHABLE);
    await eventually('both are told', () => events.length === 4);
    expect(events.slice(2).sort()).toEqual(['aborted E0000000499', 'unsubscribed']);
  });
});

describe('a provider that closes', () => {
  it('waits for calls under way, then ends them', async () => {
    const { parts, events } = slowProvider();
    const { address, app } = await startApp({ ...parts, options: { drainTimeoutMs: 50 } });
    const { client } = await startConsumer(address, { facades: [Slow] });

    const failed = caught(client(Slow).promise());
    await begun(events);
    await app.close();
    expect((await failed).code).toBe(MeshCode.UNREACHABLE);
    expect(events).toEqual(['begun', 'aborted E0000000499']);
  });
});
