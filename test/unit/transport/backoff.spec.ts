import { describe, expect, it } from 'vitest';
import { Backoff } from '../../../lib/transport/backoff.js';

describe('the delay between attempts to connect', () => {
  it('doubles up to its bound, with jitter', () => {
    for (let run = 0; run < 50; run++) {
      const backoff = new Backoff(100, 1_000);
      for (const ceiling of [100, 200, 400, 800, 1_000, 1_000]) {
        const delay = backoff.next();
        expect(delay).toBeGreaterThanOrEqual(ceiling / 2);
        expect(delay).toBeLessThanOrEqual(ceiling);
      }
    }
  });

  it('differs from one to the next', () => {
    const delays = new Set(Array.from({ length: 20 }, () => new Backoff(100, 1_000).next()));
    expect(delays.size).toBeGreaterThan(10);
  });

  it('begins anew after success, and stays bounded for ever', () => {
    const backoff = new Backoff(100, 1_000);
    for (let i = 0; i < 5_000; i++) expect(backoff.next()).toBeLessThanOrEqual(1_000);
    backoff.reset();
    expect(backoff.next()).toBeLessThanOrEqual(100);
  });
});
