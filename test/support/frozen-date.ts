import { onTestFinished, vi } from 'vitest';

/** Lets the time of day stand still until the test is over; timers go on. What is left until a deadline is exact then. @returns it */
export function freezeDate(): number {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  return Date.now();
}
