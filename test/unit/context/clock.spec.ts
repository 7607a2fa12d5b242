import { AsyncLocalStorage } from 'node:async_hooks';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Alarm, Clock } from '../../../lib/context/clock.js';

describe('a clock', () => {
  let clock: Clock;
  let rung: Noted[];

  class Noted extends Alarm {
    ring(): void {
      rung.push(this);
    }
  }

  const inMs = (ms: number): Noted => new Noted(Date.now() + ms);
  const set = (ms: number): Noted => {
    const alarm = inMs(ms);
    clock.set(alarm);
    return alarm;
  };

  beforeEach(() => {
    vi.useFakeTimers();
    clock = new Clock();
    rung = [];
  });
  afterEach(() => void vi.useRealTimers());

  it('rings each alarm at its time and once, unless it was called off, in whatever order they were set', async () => {
    const plan = fc.record({ ms: fc.integer({ min: 0, max: 60 }), calledOff: fc.boolean(), pause: fc.nat(5) });
    await fc.assert(
      fc.asyncProperty(fc.array(plan, { maxLength: 60 }), async (plans) => {
        rung = [];
        const begun = Date.now();
        const times = new Map<Alarm, number>();
        class Timed extends Noted {
          override ring(): void {
            times.set(this, Date.now());
            super.ring();
          }
        }
        const alarms: { readonly alarm: Timed; readonly calledOff: boolean }[] = [];
        for (const { ms, calledOff, pause } of plans) {
          const alarm = new Timed(Date.now() + ms);
          clock.set(alarm);
          if (calledOff) clock.callOff(alarm);
          alarms.push({ alarm, calledOff });
          await vi.advanceTimersByTimeAsync(pause);
        }
        await vi.advanceTimersByTimeAsync(100);
        for (const { alarm, calledOff } of alarms)
          expect(times.get(alarm)).toBe(calledOff ? undefined : alarm.deadline);
        expect(rung).toHaveLength(times.size);
        expect(Date.now() - begun).toBeGreaterThanOrEqual(100);
        expect(vi.getTimerCount()).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('has one timer for alarms of the same patience, and none when nothing is set', () => {
    const alarms = Array.from({ length: 100 }, () => set(5_000));
    expect(vi.getTimerCount()).toBe(1);
    set(10);
    expect(vi.getTimerCount()).toBe(2);
    vi.advanceTimersByTime(10);
    for (const alarm of alarms) clock.callOff(alarm);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('goes on when an alarm throws', () => {
    class Broken extends Alarm {
      ring(): void {
        throw new Error('broken');
      }
    }
    clock.set(new Broken(Date.now() + 5));
    set(5);
    expect(() => vi.advanceTimersByTime(5)).toThrow('broken');
    vi.advanceTimersByTime(1);
    expect(rung).toHaveLength(1);
  });

  it('takes alarms that are set and called off while others ring', () => {
    const later = inMs(5);
    const victim = inMs(5);
    class Busy extends Alarm {
      ring(): void {
        clock.set(later);
        clock.callOff(victim);
      }
    }
    clock.set(new Busy(Date.now() + 5));
    clock.set(victim);
    vi.advanceTimersByTime(10);
    expect(rung).toEqual([later]);
  });

  it('rings in time although the time of day is set back meanwhile', () => {
    set(50);
    set(80);
    vi.setSystemTime(Date.now() - 3_600_000);
    vi.advanceTimersByTime(50);
    expect(rung).toHaveLength(1);
    vi.advanceTimersByTime(30);
    expect(rung).toHaveLength(2);
  });

  it('rings although an alarm before was set by a clock that somebody has stopped', async () => {
    set(5);
    vi.useRealTimers();
    const alarm = new Promise<void>((resolve) => {
      class Telling extends Alarm {
        ring(): void {
          resolve();
        }
      }
      clock.set(new Telling(Date.now() + 10));
    });
    await alarm;
    expect(rung).toHaveLength(0);
  });

  it('rings outside of what its alarms were set in', () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    class Looking extends Alarm {
      ring(): void {
        seen.push(storage.getStore());
      }
    }
    vi.useRealTimers();
    return new Promise<void>((resolve) => {
      class Last extends Looking {
        override ring(): void {
          super.ring();
          resolve();
        }
      }
      storage.run('a call', () => clock.set(new Last(Date.now() + 5)));
    }).then(() => expect(seen).toEqual([undefined]));
  });
});
