import { describe, expect, it } from 'vitest';
import { Sample } from '../../bench/sample.js';

describe('Sample', () => {
  it('keeps all of few values, in order of size', () => {
    const sample = new Sample(8);
    for (const value of [3, 1, 2]) sample.add(value);
    expect([...sample.sorted()]).toEqual([1, 2, 3]);
    expect(sample.count).toBe(3);
  });

  it('keeps so many of many values, early ones as well as late ones', () => {
    const sample = new Sample(1_000);
    for (let value = 0; value < 100_000; value++) sample.add(value);
    const kept = sample.sorted();
    expect(kept).toHaveLength(1_000);
    expect(sample.count).toBe(100_000);
    const middle = kept[500] as number;
    expect(middle).toBeGreaterThan(40_000);
    expect(middle).toBeLessThan(60_000);
  });
});
