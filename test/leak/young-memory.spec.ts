import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { YoungMemory } from '../../lib/transport/young-memory.js';
import { eventually } from '../support/eventually.js';

const MUCH = 64 * 1024 * 1024;

describe('young memory', () => {
  let filled: number;
  let young: YoungMemory;
  let scavenges: number;
  let observer: PerformanceObserver;

  beforeEach(async () => {
    filled = scavenges = 0;
    young = new YoungMemory(() => (filled++, getHeapSpaceStatistics()));
    observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        if (entry.toJSON().detail.kind === constants.NODE_PERFORMANCE_GC_MINOR) scavenges++;
      }
    });
    observer.observe({ entryTypes: ['gc'] });
    // What was made in this turn is not collected in it.
    await sleep(1);
  });

  afterEach(() => {
    observer.disconnect();
    vi.useRealTimers();
  });

  it('is left alone while V8 does not collect everything', () => {
    for (let i = 0; i < 10; i++) young.note(MUCH);
    expect(filled).toBe(0);
  });

  it('is filled, and so collected, for some time after it does', async () => {
    globalThis.gc?.();
    const now = Date.now();
    young.note(MUCH);
    expect(filled).toBe(1);
    await eventually('it was collected', () => scavenges > 0);
    young.note(1);
    expect(filled).toBe(1);
    vi.setSystemTime(now + 60_000);
    young.note(MUCH);
    expect(filled).toBe(1);
  });

  it('is filled the more often the smaller it is', async () => {
    globalThis.gc?.();
    const size = (bytes: number) => getHeapSpaceStatistics().map((space) => ({ ...space, space_size: bytes }));
    const counts = [1, 64].map((mib) => {
      let count = 0;
      const each = new YoungMemory(() => (count++, size(mib * 1024 * 1024)));
      return { each, count: () => count };
    });
    await sleep(1);
    globalThis.gc?.();
    for (const { each } of counts) for (let i = 0; i < 48; i++) each.note(MUCH / 64);
    const [small, large] = counts.map(({ count }) => count());
    expect(small).toBeGreaterThan(5);
    expect(large).toBeLessThan(4);
  });
});
