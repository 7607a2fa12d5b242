import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { Cancellation } from '../../lib/context/cancellation.js';
import { resolveMeshOptions } from '../../lib/options/resolve-options.js';
import { MemorySessionStore } from '../../lib/session/memory/memory-session-store.js';
import { atOnce, gone, keyOf, PROBE_KEY, StoreProbe, within } from '../support/session-fixtures.js';

const MIB = 1_024 * 1_024;
const SESSIONS = 20_000;

/** Bytes in use, in the heap and beside it, once what is no longer needed was collected. */
async function memory(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    // What was just settled is let go of in the next turns of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Bytes that each of so many things takes, made one after the other. */
async function bytesEach(count: number, make: (nth: number) => Promise<unknown>): Promise<number> {
  const before = await memory();
  for (let i = 0; i < count; i++) await make(i);
  return ((await memory()) - before) / count;
}

/** A name as it is read from the wire, in one piece of memory; what randomUUID() makes is a tree of twenty. */
function nameFromWire(): string {
  return Buffer.from(randomUUID()).toString();
}

describe('the memory of sessions', () => {
  const probe = new StoreProbe(async (sessions) => new MemorySessionStore(resolveMeshOptions({ sessions }, {})));
  afterEach(() => probe.close());

  /** Uses a new session: a message goes through one topic of it. */
  const use = async (): Promise<string> => {
    const key = keyOf(nameFromWire(), 'topic');
    await probe.store.push(key, { payload: new Uint8Array(128), metadata: { k: 'v' }, id: nameFromWire() }, atOnce());
    await probe.read(key);
    return key.session;
  };
  /** What is made once only, the compiled code above all, is not what is measured. */
  const warmUp = async (): Promise<void> => {
    await probe.open();
    await bytesEach(2_000, use);
  };

  it('is under 1 KiB for an idle one with the topic that it used', async () => {
    await warmUp();
    await probe.open();
    const bytes = await bytesEach(SESSIONS, use);
    expect(bytes).toBeGreaterThan(50);
    expect(bytes).toBeLessThan(1_024);
  });

  it('is given back when they are released, and when they expire', async () => {
    await warmUp();
    await probe.open({ repeatWindowMs: 1, idleTimeoutMs: 500 });
    const released = await bytesEach(SESSIONS, async () => {
      await probe.store.release(keyOf(await use(), ''));
    });
    expect(released).toBeLessThan(50);
    const before = await memory();
    await bytesEach(SESSIONS, use);
    while (probe.store.stats().sessions > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(((await memory()) - before) / SESSIONS).toBeLessThan(50);
  });

  it('is given back when pops that waited are cancelled', async () => {
    await warmUp();
    await probe.open();
    const cancelled = await bytesEach(SESSIONS, async () => {
      const cancellation = new Cancellation();
      const waiting = probe.code(probe.receive(within(60_000, cancellation)));
      cancellation.cancel(gone());
      await waiting;
    });
    expect(cancelled).toBeLessThan(50);
  });

  it('is no more than the bound while 1 GiB goes to a slow reader', async () => {
    await probe.open({ maxQueueBytes: 16 * MIB });
    const before = await memory();
    let most = 0;
    const writing = (async () => {
      for (let i = 0; i < 1_024; i++) await probe.store.push(PROBE_KEY, message(i), within(60_000));
    })();
    for (let i = 0; i < 1_024; i++) {
      const delivery = await probe.store.pop(PROBE_KEY, within(60_000));
      expect(delivery?.message.payload[0]).toBe(i % 256);
      delivery?.confirm();
      if (i % 64 === 0) most = Math.max(most, (await memory()) - before);
    }
    await writing;
    // The bound, the message that waits for room, and the one just read.
    expect(most).toBeGreaterThan(8 * MIB);
    expect(most).toBeLessThan(20 * MIB);
  });

  function message(nth: number): { payload: Uint8Array; metadata: Record<string, string>; id: string } {
    return { payload: new Uint8Array(MIB).fill(nth), metadata: {}, id: `${nth}` };
  }
});
