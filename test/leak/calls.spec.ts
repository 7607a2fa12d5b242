import { setTimeout as sleep } from 'node:timers/promises';
import { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { direct, MeshCode, MeshContext, MeshError, MeshFacade, MeshProvider, type MeshService, Mpi } from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { wires } from '../support/wires.js';

@MeshFacade()
class Busy {
  @Mpi('mesh.busy.echo', ['value']) echo!: (value: string) => Promise<string>;
  @Mpi('mesh.busy.fail') fail!: () => Promise<void>;
  @Mpi('mesh.busy.hang') hang!: () => Promise<void>;
  @Mpi('mesh.busy.watch', undefined, { observable: true }) watch!: () => Observable<void>;
}

/** What the handlers have seen. */
interface Handlers {
  /** Observables subscribed to and not yet let go. */
  subscribed: number;
  /** The context of each call. */
  contexts: WeakRef<MeshContext>[];
}

function busyController(handlers: Handlers) {
  @MeshProvider(Busy)
  class BusyController implements MeshService<Busy> {
    echo(value: string): string {
      handlers.contexts.push(new WeakRef(MeshContext.current()!));
      return value;
    }
    fail(): never {
      throw new MeshError(MeshCode.NOT_FOUND, 'as ever');
    }
    hang(): Promise<void> {
      handlers.contexts.push(new WeakRef(MeshContext.current()!));
      const { signal } = MeshContext.current()!;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }
    watch(): Observable<void> {
      return new Observable(() => {
        handlers.subscribed++;
        return () => void handlers.subscribed--;
      });
    }
  }
  return BusyController;
}

/** One of each kind of call, and how each of them ends. */
async function callOnce(busy: Busy, n: number, shared: AbortSignal): Promise<void> {
  switch (n % 20) {
    case 0:
      return void expect(await caught(busy.fail())).toMatchObject({ code: MeshCode.NOT_FOUND, message: 'as ever' });
    case 1:
      return void expect((await caught(direct(busy, { timeoutMs: 5 }).hang())).code).toBe(MeshCode.TIMEOUT);
    case 2: {
      const caller = new AbortController();
      setTimeout(() => caller.abort(), 2);
      return void expect((await caught(direct(busy, { signal: caller.signal }).hang())).code).toBe(MeshCode.CANCELLED);
    }
    case 3: {
      const subscription = busy.watch().subscribe();
      await sleep(2);
      return subscription.unsubscribe();
    }
    default:
      expect(await direct(busy, { signal: shared }).echo('x'.repeat(n % 500))).toHaveLength(n % 500);
  }
}

async function callOften(busy: Busy, calls: number, shared: AbortSignal): Promise<void> {
  const inTurn = 50;
  for (let begin = 0; begin < calls; begin += inTurn) {
    await Promise.all(Array.from({ length: inTurn }, (_, index) => callOnce(busy, begin + index, shared)));
  }
}

function count(kind: string): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === kind).length;
}

async function collected(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc!();
    await sleep(5);
  }
  return process.memoryUsage().heapUsed;
}

const CALLS = 5_000;

/** What may remain for each call, be it of the engine's: less than a context with its attachments. */
const BYTES_PER_CALL = 400;

describe.each(wires)('5,000 calls over $name, answered, refused, late, cancelled', ({ connect }) => {
  it('leave no timer, no listener, no socket, no memory', async () => {
    const handlers: Handlers = { subscribed: 0, contexts: [] };
    const busy = await connect(Busy, { controllers: [busyController(handlers)] });
    const shared = new AbortController();
    const listeners: string[] = [];
    const { signal } = shared;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...call: Parameters<typeof addEventListener>) => {
      listeners.push(call[0]);
      Reflect.apply(addEventListener, signal, call);
    };
    signal.removeEventListener = (...call: Parameters<typeof removeEventListener>) => {
      listeners.pop();
      Reflect.apply(removeEventListener, signal, call);
    };

    await callOften(busy, CALLS / 5, signal);
    await eventually('the Observables are let go', () => handlers.subscribed === 0);
    handlers.contexts = [];
    const before = { timers: count('Timeout'), sockets: count('TCPSocketWrap'), heap: await collected() };

    await callOften(busy, CALLS, signal);
    await eventually('the Observables are let go', () => handlers.subscribed === 0);
    await eventually('the timers are gone', () => count('Timeout') <= before.timers);
    await eventually('the sockets are gone', () => count('TCPSocketWrap') <= before.sockets);
    expect(listeners).toEqual([]);
    await collected();
    expect(handlers.contexts.filter((context) => context.deref()).length).toBeLessThan(CALLS / 100);
    handlers.contexts = [];
    expect((await collected()) - before.heap).toBeLessThan(CALLS * BYTES_PER_CALL);
  });
});
