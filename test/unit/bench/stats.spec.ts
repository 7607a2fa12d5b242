import { describe, expect, it } from 'vitest';
import { median, quantile, summarise } from '../../bench/stats.js';

describe('stats of the bench', () => {
  it('finds the value at a share of sorted values', () => {
    const sorted = Float64Array.from({ length: 100 }, (_, i) => i + 1);
    expect(quantile(sorted, 0.5)).toBe(51);
    expect(quantile(sorted, 0.99)).toBe(100);
    expect(quantile(sorted, 1)).toBe(100);
    expect(quantile([], 0.5)).toBeNaN();
  });

  it('takes the middle value, or the mean of the two in the middle', () => {
    expect(median([30, 10, 20])).toBe(20);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it('sums up by median, least and most', () => {
    expect(summarise([5, 1, 100])).toEqual({ median: 5, min: 1, max: 100 });
  });
});
