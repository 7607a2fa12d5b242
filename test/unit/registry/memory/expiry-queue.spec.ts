import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Expiring, ExpiryQueue } from '../../../../lib/registry/memory/expiry-queue.js';

interface Item extends Expiring {
  readonly id: number;
}

describe('ExpiryQueue', () => {
  let ended: { readonly id: number; readonly at: number }[];
  let queue: ExpiryQueue<Item>;

  beforeEach(() => {
    vi.useFakeTimers();
    ended = [];
    queue = new ExpiryQueue((item: Item) => ended.push({ id: item.id, at: performance.now() }));
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  const item = (id: number, inMs: number): Item => ({ id, expiresAt: performance.now() + inMs, place: 0 });

  it('ends 10,000 things in order, with one timer', () => {
    const began = performance.now();
    for (let id = 0; id < 10_000; id++) queue.add(item(id, ((id * 7_919) % 10_000) + 1));
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(5_000);
    expect(ended).toHaveLength(5_000);
    vi.advanceTimersByTime(5_000);
    expect(ended).toHaveLength(10_000);
    expect(ended.map(({ id, at }) => Math.round(at - began) - ((id * 7_919) % 10_000) - 1)).toEqual(
      Array.from({ length: 10_000 }, () => 0),
    );
    expect(vi.getTimerCount()).toBe(0);
  });

  it('sets no timer for a renewal', () => {
    const one = item(1, 100);
    queue.add(one);
    const set = vi.fn(setTimeout);
    // No spy: it would be taken off after the test, when the clock is the real one again, and bring the fake one back.
    vi.stubGlobal('setTimeout', set);
    for (let ms = 1; ms < 50; ms++) queue.move(one, performance.now() + 100 + ms);
    vi.unstubAllGlobals();
    expect(set).not.toHaveBeenCalled();
    vi.advanceTimersByTime(148);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(ended).toMatchObject([{ id: 1 }]);
  });

  it('waits for longer than a timer can', () => {
    queue.add(item(1, 3_000_000_000));
    vi.advanceTimersByTime(2_999_999_000);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(1_001);
    expect(ended).toHaveLength(1);
  });

  it('does what a list would do, whatever is added, moved and deleted', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), ms: fc.integer({ min: 1, max: 50 }) }),
      fc.record({ do: fc.constant('move' as const), pick: fc.nat(), ms: fc.integer({ min: 1, max: 50 }) }),
      fc.record({ do: fc.constant('delete' as const), pick: fc.nat() }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 30 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const model = new Set<Item>();
        const own = new ExpiryQueue((one: Item) => {
          expect(model.delete(one)).toBe(true);
          expect(one.expiresAt).toBeLessThanOrEqual(performance.now());
        });
        steps.forEach((next, id) => {
          const members = [...model];
          if (next.do === 'add') {
            const one = item(id, next.ms);
            model.add(one);
            own.add(one);
          } else if (next.do === 'wait') {
            vi.advanceTimersByTime(next.ms);
            for (const one of model) expect(one.expiresAt).toBeGreaterThan(performance.now());
          } else if (members.length > 0) {
            const one = members[next.pick % members.length]!;
            if (next.do === 'move') own.move(one, performance.now() + next.ms);
            else {
              model.delete(one);
              own.delete(one);
            }
          }
          expect(own.size).toBe(model.size);
        });
        own.clear();
      }),
      { numRuns: 200 },
    );
  });
});
