import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { YoungMemory } from '../../lib/transport/young-memory.js';
import { eventually } from '../support/eventually.js';

const MUCH = 64 * 1024 * 1024;

describe('young memory', () => {
  let looked: number;
  /** Bytes in use of young memory, if not what is in use indeed. */
  let used: number | undefined;
  let young: YoungMemory;
  let scavenges: number;
  let observer: PerformanceObserver;

  beforeEach(async () => {
    looked = scavenges = 0;
    used = undefined;
    young = new YoungMemory(() => {
      looked++;
      const spaces = getHeapSpaceStatistics();
      return used === undefined ? spaces : spaces.map((space) => ({ ...space, space_used_size: used! }));
    });
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
    expect(looked).toBe(0);
  });

  it('is filled, and so collected, for some time after it does', async () => {
    globalThis.gc?.();
    const now = Date.now();
    young.note(MUCH);
    await eventually('it was collected', () => scavenges > 0);
    const before = looked;
    expect(before).toBeGreaterThan(0);
    young.note(1);
    expect(looked).toBe(before);
    vi.setSystemTime(now + 60_000);
    young.note(MUCH);
    expect(looked).toBe(before);
  });

  it('is filled once for a few MiB, however many notes they are', async () => {
    used = 0;
    globalThis.gc?.();
    for (let i = 0; i < 64; i++) young.note(MUCH / 64);
    await eventually('it was collected', () => scavenges > 10);
    expect(scavenges).toBeLessThan(48);
  });

  it.each<[string, number]>([
    ['much is made in it', 2 * 1024 * 1024],
    ['it is collected by itself', -1],
  ])('is left alone where %s meanwhile', async (_, grows) => {
    used = 1024 * 1024 * 1024;
    globalThis.gc?.();
    young.note(MUCH);
    await eventually('it was collected', () => scavenges > 0);
    const before = scavenges;
    for (let i = 0; i < 20; i++) {
      used += grows;
      young.note(MUCH);
    }
    await sleep(20);
    expect(scavenges - before).toBeLessThan(5);
  });
});
