import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecentIds } from '../../../../lib/session/memory/recent-ids.js';

describe('RecentIds', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('remembers each id for exactly the window', () => {
    const step = fc.record({ waitMs: fc.nat(70), id: fc.constantFrom('a', 'b', 'c') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const ids = new RecentIds(100, 1_000);
        const added = new Map<string, number>();
        for (const { waitMs, id } of steps) {
          vi.advanceTimersByTime(waitMs);
          const known = Date.now() - (added.get(id) ?? -Infinity) < 100;
          expect(ids.has(id)).toBe(known);
          if (known) continue;
          ids.add(id);
          added.set(id, Date.now());
        }
        ids.clear();
      }),
    );
  });

  it('remembers at least the latest half of the bound, and never more than the bound', () => {
    const ids = new RecentIds(1_000, 100);
    for (let i = 0; i < 1_000; i++) {
      ids.add(`${i}`);
      expect(ids.size).toBeLessThanOrEqual(100);
      expect(ids.has(`${Math.max(0, i - 49)}`)).toBe(true);
    }
    expect(ids.has('0')).toBe(false);
  });

  it('holds nothing when the window has passed twice, and has no timer then', () => {
    const ids = new RecentIds(1_000, 100);
    ids.add('a');
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(2_000);
    expect(ids.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    ids.add('b');
    expect(ids.has('b')).toBe(true);
  });

  it('remembers nothing with a window of 0', () => {
    const ids = new RecentIds(0, 100);
    ids.add('a');
    expect(ids.has('a')).toBe(false);
    expect([ids.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('forgets all when it is cleared', () => {
    const ids = new RecentIds(1_000, 100);
    ids.add('a');
    ids.clear();
    expect([ids.has('a'), ids.size, vi.getTimerCount()]).toEqual([false, 0, 0]);
  });
});
