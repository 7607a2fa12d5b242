import { describe, expect, it } from 'vitest';
import { direct, MeshCode, MeshError, MeshFacade, MeshProvider, type MeshService, Mpi } from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { startApp } from '../support/mesh-app.js';
import { type Relay, startRelay } from '../support/relay.js';
import { overGrpc, type Way, ways } from '../support/ways.js';

@MeshFacade()
class Counter {
  @Mpi('mesh.counter.once', ['losses']) once!: (losses: number) => Promise<number>;
  @Mpi('mesh.counter.again', ['losses'], { idempotent: true }) again!: (losses: number) => Promise<number>;
  @Mpi('mesh.counter.much', ['losses'], { idempotent: true, retries: 4 }) much!: (losses: number) => Promise<number>;
  @Mpi('mesh.counter.never', ['losses'], { idempotent: true, retries: 0 }) never!: (losses: number) => Promise<number>;
  @Mpi('mesh.counter.fail', ['code'], { idempotent: true }) fail!: (code: string) => Promise<void>;
}

/** A provider that counts how often its handlers run, and loses the connection as often as it is told to. */
async function startCounter([, way]: Way) {
  const state: { runs: number; relay?: Relay } = { runs: 0 };
  const lose = (losses: number): number | Promise<never> => {
    if (++state.runs > losses) return state.runs;
    state.relay!.cut();
    return new Promise(() => undefined);
  };
  @MeshProvider(Counter)
  class CounterController implements MeshService<Counter> {
    once(losses: number): number | Promise<never> {
      return lose(losses);
    }
    fail(code: string): never {
      state.runs++;
      throw new MeshError(code, 'told to');
    }
    again(losses: number): number | Promise<never> {
      return lose(losses);
    }
    much(losses: number): number | Promise<never> {
      return lose(losses);
    }
    never(losses: number): number | Promise<never> {
      return lose(losses);
    }
  }
  const provider = await startApp({ controllers: [CounterController] });
  state.relay = await startRelay(provider.address);
  const options = {
    addresses: [state.relay.address],
    ...way,
    retry: { minDelayMs: 1, maxDelayMs: 5 },
  };
  const consumer = await startApp({ facades: [Counter], options });
  return { state, counter: consumer.client(Counter) };
}

describe.each(ways)('a call that was lost on its way, %s', (...way) => {
  it('is not repeated, for it may have arrived', async () => {
    const { state, counter } = await startCounter(way);
    expect(await caught(counter.once(1))).toMatchObject({ code: MeshCode.UNREACHABLE, neverSent: false });
    expect(state.runs).toBe(1);
    expect(await counter.once(0)).toBe(2);
  });

  it('is repeated when it is idempotent, as often as the mesh or the method says', async () => {
    const { state, counter } = await startCounter(way);
    expect(await counter.again(2)).toBe(3);
    state.runs = 0;
    expect((await caught(counter.again(99))).code).toBe(MeshCode.UNREACHABLE);
    expect(state.runs).toBe(3);
    state.runs = 0;
    expect(await counter.much(4)).toBe(5);
    state.runs = 0;
    expect((await caught(counter.never(1))).code).toBe(MeshCode.UNREACHABLE);
    expect(state.runs).toBe(1);
  });
});

describe('a call that was answered', () => {
  it.each([MeshCode.SYSTEM_ERROR, MeshCode.FORBIDDEN, MeshCode.TIMEOUT, MeshCode.BUFFER_FULL, MeshCode.NO_INSTANCE])(
    'with %s is not repeated, idempotent or not',
    async (code) => {
      const { state, counter } = await startCounter(overGrpc('unary'));
      expect(await caught(counter.fail(code))).toMatchObject({ code, message: 'told to' });
      expect(state.runs).toBe(1);
    },
  );
});

describe('a call that was never sent', () => {
  it('is made to another instance', async () => {
    const { state } = await startCounter(overGrpc('unary'));
    const options = { addresses: ['127.0.0.1:1', state.relay!.address], retry: { minDelayMs: 1, maxDelayMs: 5 } };
    const consumer = await startApp({ facades: [Counter], options });
    const counter = consumer.client(Counter);

    for (let n = 1; n <= 6; n++) expect(await counter.once(0)).toBe(n);
  });

  it('fails at once when the next attempt would come after the deadline', async () => {
    const options = { addresses: ['127.0.0.1:1'], retry: { minDelayMs: 10_000_000, maxDelayMs: 10_000_000 } };
    const consumer = await startApp({ facades: [Counter], options });
    const counter = direct(consumer.client(Counter), { timeoutMs: 3_000 });

    expect((await caught(counter.once(0))).code).toBe(MeshCode.ADDRESS_UNREACHABLE);
  });

  it('stops trying when it is cancelled', async () => {
    const options = { addresses: ['127.0.0.1:1'], retry: { retries: 100, minDelayMs: 5_000, maxDelayMs: 10_000 } };
    const consumer = await startApp({ facades: [Counter], options });
    const caller = new AbortController();
    const failed = caught(direct(consumer.client(Counter), { signal: caller.signal }).once(0));
    setTimeout(() => caller.abort(), 20);
    expect((await failed).code).toBe(MeshCode.CANCELLED);
  });
});
