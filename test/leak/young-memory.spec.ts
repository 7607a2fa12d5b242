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

  it('is filled once for a few MiB, however many notes they are', () => {
    globalThis.gc?.();
    for (let i = 0; i < 64; i++) young.note(MUCH / 64);
    expect(filled).toBeGreaterThan(10);
    expect(filled).toBeLessThan(20);
  });
});
