import { afterEach, describe, expect, it, vi } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import type { RetryOptions } from '../../../../lib/options/mesh-options.js';
import { resolveMeshOptions } from '../../../../lib/options/resolve-options.js';
import { BackoffRetryPolicy } from '../../../../lib/resilience/backoff/backoff-retry-policy.js';
import type { FailedAttempt } from '../../../../lib/resilience/retry-policy.js';

const LOST: FailedAttempt = {
  attempt: 1,
  error: new MeshError(MeshCode.UNREACHABLE),
  idempotent: true,
  retries: undefined,
  remainingMs: 10_000,
};

function delay(failed: Partial<FailedAttempt>, retry: RetryOptions = {}): number | undefined {
  return new BackoffRetryPolicy(resolveMeshOptions({ retry }, {})).delayMs({ ...LOST, ...failed });
}

describe('BackoffRetryPolicy', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('doubles the bound with each attempt, up to the largest', () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const delays = [1, 2, 3, 4, 5].map((attempt) => delay({ attempt, retries: 9 }, { minDelayMs: 10, maxDelayMs: 70 }));
    expect(delays).toEqual([10, 20, 40, 70, 70]);
  });

  it('jitters over the upper half of the bound', () => {
    const random = vi.spyOn(Math, 'random');
    expect(delay(LOST, { minDelayMs: 100 })).toBeCloseTo(50 + (random.mock.results[0]?.value as number) * 50);
    random.mockReturnValue(0);
    expect(delay(LOST, { minDelayMs: 100 })).toBe(50);
  });

  it('gives up after the retries of the options', () => {
    expect(delay({ attempt: 3 }, { retries: 3 })).toBeTypeOf('number');
    expect(delay({ attempt: 4 }, { retries: 3 })).toBeUndefined();
    expect(delay({ attempt: 1 }, { retries: 0 })).toBeUndefined();
  });

  it('lets the declaration say otherwise, both ways', () => {
    expect(delay({ attempt: 4, retries: 4 }, { retries: 0 })).toBeTypeOf('number');
    expect(delay({ attempt: 1, retries: 0 }, { retries: 9 })).toBeUndefined();
  });

  it('gives up when the delay would pass the deadline', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    expect(delay({ remainingMs: 76 }, { minDelayMs: 100 })).toBe(75);
    expect(delay({ remainingMs: 75 }, { minDelayMs: 100 })).toBeUndefined();
    expect(delay({ remainingMs: 0 })).toBeUndefined();
  });

  it.each([MeshCode.UNREACHABLE, MeshCode.ADDRESS_UNREACHABLE])('repeats %s when it is safe', (code) => {
    const sent = new MeshError(code);
    const unsent = new MeshError(code, 'nothing answers', { neverSent: true });
    expect(delay({ error: sent, idempotent: true })).toBeTypeOf('number');
    expect(delay({ error: unsent, idempotent: false })).toBeTypeOf('number');
    expect(delay({ error: sent, idempotent: false })).toBeUndefined();
  });

  it('repeats no other code, and none of a peer', () => {
    const lost: readonly string[] = [MeshCode.UNREACHABLE, MeshCode.ADDRESS_UNREACHABLE];
    for (const code of [...Object.values(MeshCode), 'E0000009999'].filter((one) => !lost.includes(one))) {
      expect(delay({ error: new MeshError(code, 'no', { neverSent: true }) }), code).toBeUndefined();
    }
  });
});
