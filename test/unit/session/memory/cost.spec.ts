import { afterEach, describe, expect, it } from 'vitest';
import { resolveMeshOptions } from '../../../../lib/options/resolve-options.js';
import { MemorySessionStore } from '../../../../lib/session/memory/memory-session-store.js';
import type { QueueKey } from '../../../../lib/session/store.js';
import { executedBlocks } from '../../../support/executed-blocks.js';
import { keyOf, StoreProbe, within } from '../../../support/session-fixtures.js';
import { SessionModel } from '../../../support/session-model.js';

/** What is done in each of the sessions that are measured. */
const operations: Readonly<Record<string, (probe: StoreProbe, key: QueueKey) => Promise<unknown>>> = {
  'push and pop': async (probe, key) => {
    await probe.push('a', key, 'id');
    await probe.read(key);
  },
  'push to a waiting pop': async (probe, key) => {
    const waiting = probe.receive(within(60_000), key);
    await probe.push('a', key);
    await waiting;
  },
  'a push that waits for room': async (probe, key) => {
    for (const text of ['a', 'b']) await probe.push(text, key);
    const pushing = probe.pushWaiting('c', { key });
    await probe.readAll(key);
    await pushing;
  },
  'taking and giving back': async (probe, key) => {
    for (const text of ['a', 'b']) await probe.push(text, key);
    const deliveries = [await probe.take(key), await probe.take(key)];
    for (const delivery of deliveries) delivery.giveBack();
    await probe.readAll(key);
  },
  peek: (probe, key) => probe.store.peek(key),
  release: async (probe, key) => {
    await probe.push('a', key);
    await probe.store.release(keyOf(key.session, ''));
  },
};

const bounds = { maxQueueMessages: 9, maxQueueBytes: 9, maxMessages: 9, maxBytes: 9 };

/** What else is in the store. */
const others: Readonly<Record<string, (probe: StoreProbe, key: QueueKey) => Promise<unknown>>> = {
  'that hold a message': (probe, key) => probe.push('a', key, 'id'),
  'that are empty': operations['push and pop']!,
  'with a pop that waits': async (probe, key) => {
    probe.receive(within(60_000), key).catch(() => undefined);
  },
};

/**
 * V8 counts some blocks together with those around them, and not always the same ones, so equal work differs by a few percent.
 * Work that grew with the sessions, or with the queue, would be a hundred times as much.
 */
const SAME = 1.5;

describe('the cost of operations', () => {
  const probe = new StoreProbe(
    async (sessions) =>
      new MemorySessionStore(resolveMeshOptions({ sessions: { ...sessions, maxQueueMessages: 2 } }, {})),
  );
  afterEach(() => probe.close());

  /** The blocks that run for each operation, done in ten sessions one after the other, beside so many others. */
  const costs = async (fill: (typeof others)[string], count: number): Promise<ReadonlyMap<string, number>> => {
    await probe.open();
    for (let i = 0; i < count; i++) await fill(probe, keyOf(`other ${i}`, `topic ${i}`));
    const costs = new Map<string, number>();
    for (const [name, operate] of Object.entries(operations)) {
      const blocks = await executedBlocks('/lib/session/memory/', async () => {
        for (let i = 0; i < 10; i++) await operate(probe, keyOf(`${name} ${i}`, 'topic'));
      });
      costs.set(name, blocks);
    }
    return costs;
  };

  it.each(Object.entries(others))(
    'is the same with 1 and with 1 000 sessions %s',
    { timeout: 60_000 },
    async (_, fill) => {
      const [alone, beside] = [await costs(fill, 1), await costs(fill, 1_000)];
      expect(alone.size).toBe(Object.keys(operations).length);
      for (const [name, blocks] of alone) {
        expect(blocks).toBeGreaterThan(0);
        expect(beside.get(name), name).toBeLessThan(SAME * blocks);
      }
    },
  );

  it('does not grow with the length of a queue', async () => {
    const long = new StoreProbe(async () => new MemorySessionStore(resolveMeshOptions({}, {})));
    const beside = async (length: number): Promise<number> => {
      await long.open();
      for (let i = 0; i < length; i++) await long.push('a');
      const blocks = await executedBlocks('/lib/session/memory/', async () => {
        for (let i = 0; i < 10; i++) {
          await long.push('b');
          await long.read();
        }
      });
      await long.close();
      return blocks;
    };
    expect(await beside(1_000)).toBeLessThan(SAME * (await beside(10)));
  });

  it('is measured: a search through all of them shows', async () => {
    const search = (count: number): Promise<number> =>
      executedBlocks('/support/session-model', async () => {
        const model = new SessionModel({ ...bounds, whenFull: 'fail' });
        for (let i = 0; i < count; i++) model.pop(keyOf(`${i}`, ''), 'waits');
      });
    expect(await search(40)).toBeGreaterThan(8 * (await search(10)));
  });
});
