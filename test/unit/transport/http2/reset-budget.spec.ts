import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ResetBudget } from '../../../../lib/transport/http2/reset-budget.js';

describe('ResetBudget', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const takeAll = (budget: ResetBudget): number => {
    let taken = 0;
    while (budget.take() === 'granted') taken++;
    return taken;
  };

  it('grants fewer than the thousand at which a server breaks the connection', () => {
    expect(takeAll(new ResetBudget(() => undefined))).toBe(900);
  });

  it('is refilled more slowly than a server forgets', () => {
    const budget = new ResetBudget(() => undefined);
    takeAll(budget);
    vi.advanceTimersByTime(10_000);
    expect(takeAll(budget)).toBe(300);
    vi.advanceTimersByTime(3_600_000);
    expect(takeAll(budget)).toBe(900);
  });

  it('tells when it goes to the reserve', () => {
    const worn = vi.fn();
    const budget = new ResetBudget(worn);
    for (let i = 0; i < 600; i++) budget.take();
    expect(worn).not.toHaveBeenCalled();
    budget.take();
    budget.take();
    expect(worn).toHaveBeenCalled();
  });
});
