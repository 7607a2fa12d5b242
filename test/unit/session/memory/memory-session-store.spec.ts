import { afterEach, describe, expect, it, vi } from 'vitest';
import { Cancellation } from '../../../../lib/context/cancellation.js';
import type { MeshError } from '../../../../lib/errors/mesh-error.js';
import { resolveMeshOptions } from '../../../../lib/options/resolve-options.js';
import { MemorySessionStore } from '../../../../lib/session/memory/memory-session-store.js';
import type { SessionOptions } from '../../../../lib/options/mesh-options.js';
import type { SessionMessage } from '../../../../lib/session/store.js';
import { atOnce, keyOf, PROBE_KEY, StoreProbe, within } from '../../../support/session-fixtures.js';

const make = async (sessions: SessionOptions): Promise<MemorySessionStore> =>
  new MemorySessionStore(resolveMeshOptions({ sessions }, {}));

/** A message whose payload is a small part of what was read from a socket. */
function received(): SessionMessage {
  return { payload: new Uint8Array(64 * 1_024).subarray(100, 200), metadata: {}, id: '' };
}

/** Counts who listens to it. */
class CountedCancellation extends Cancellation {
  listening = 0;

  override onCancel(listener: (reason: MeshError) => void): () => void {
    this.listening++;
    const forget = super.onCancel(listener);
    return () => {
      this.listening--;
      forget();
    };
  }
}

describe('MemorySessionStore', () => {
  const probe = new StoreProbe(make);
  afterEach(async () => {
    await probe.close();
    vi.useRealTimers();
  });
  const held = async (): Promise<number> => (await probe.store.peek(PROBE_KEY))?.payload.buffer.byteLength ?? -1;

  describe('a payload that is part of a large buffer', () => {
    it('is copied when it is kept', async () => {
      await probe.open();
      await probe.store.push(PROBE_KEY, received(), atOnce());
      expect(await held()).toBe(100);
    });

    it('is copied when it waits for room', async () => {
      await probe.open({ maxQueueMessages: 1 });
      await probe.push('');
      const message = received();
      const pushing = probe.store.push(PROBE_KEY, message, within(5_000));
      message.payload.fill(1);
      await probe.read();
      await pushing;
      const delivery = await probe.take();
      expect(delivery.message.payload.buffer.byteLength).toBe(100);
      expect(delivery.message.payload[0]).toBe(0);
    });

    it('is handed to a pop that waits as it came, and copied when it comes back', async () => {
      await probe.open();
      const waiting = probe.store.pop(PROBE_KEY, within(5_000));
      const message = received();
      await probe.store.push(PROBE_KEY, message, atOnce());
      const delivery = await waiting;
      expect(delivery?.message.payload).toBe(message.payload);
      delivery?.giveBack();
      expect(await held()).toBe(100);
    });
  });

  it('has two timers at most, however many sessions there are', async () => {
    vi.useFakeTimers();
    await probe.open();
    for (let i = 0; i < 1_000; i++) await probe.push('a', keyOf(`${i}`, 'topic'), 'id');
    expect(vi.getTimerCount()).toBe(2);
    await probe.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no timer and no listener behind of operations that waited', async () => {
    vi.useFakeTimers();
    await probe.open({ maxQueueMessages: 1, repeatWindowMs: 0 });
    const cancellation = new CountedCancellation();
    const wait = within(5_000, cancellation);
    const waiting = probe.receive(wait);
    expect([vi.getTimerCount(), cancellation.listening]).toEqual([2, 1]);
    await probe.push('a');
    await waiting;
    await probe.push('b');
    const pushing = probe.pushWaiting('c', { wait });
    expect(await probe.readAll()).toEqual(['b', 'c']);
    await pushing;
    const released = probe.code(probe.receive(wait));
    await probe.store.release(PROBE_KEY);
    await released;
    await probe.store.release(keyOf(PROBE_KEY.session, ''));
    vi.advanceTimersByTime(3_600_000);
    expect([vi.getTimerCount(), cancellation.listening]).toEqual([0, 0]);
  });

  it('waits no longer than a timer can, even without a deadline', async () => {
    vi.useFakeTimers();
    await probe.open();
    const waiting = probe.receive({ ...within(0), deadline: Infinity });
    await vi.advanceTimersByTimeAsync(1_000_000_000);
    await probe.push('a');
    expect(await waiting).toBe('a');
  });
});
