import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { MeshError } from '../../lib/errors/mesh-error.js';
import type { FailedAttempt, RetryPolicy } from '../../lib/resilience/retry-policy.js';

/** What every retry policy keeps. */
export function retryPolicyContract(name: string, make: () => RetryPolicy): void {
  describe(`retry policy contract: ${name}`, () => {
    const attempts: fc.Arbitrary<FailedAttempt> = fc
      .record({
        code: fc.constantFrom(...Object.values(MeshCode)),
        neverSent: fc.boolean(),
        attempt: fc.integer({ min: 1, max: 2_000 }),
        idempotent: fc.boolean(),
        retries: fc.option(fc.integer({ min: 0, max: 2_000 }), { nil: undefined }),
        remainingMs: fc.oneof(fc.integer({ min: 0, max: 10_000 }), fc.constant(Number.POSITIVE_INFINITY)),
      })
      .map(({ code, neverSent, ...rest }) => ({ ...rest, error: new MeshError(code, 'failed', { neverSent }) }));

    it('delays by a time that a timer holds and that ends before the deadline', () => {
      const policy = make();
      fc.assert(
        fc.property(attempts, (failed) => {
          const delay = policy.delayMs(failed);
          if (delay === undefined) return;
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThan(Math.min(failed.remainingMs, 2 ** 31));
        }),
        { numRuns: 2_000 },
      );
    });

    it('never repeats what may have been done already and must not be done twice', () => {
      const policy = make();
      fc.assert(
        fc.property(attempts, (failed) => {
          if (!failed.idempotent && !failed.error.neverSent) expect(policy.delayMs(failed)).toBeUndefined();
        }),
      );
    });

    it('never repeats more often than the declaration says', () => {
      const policy = make();
      fc.assert(
        fc.property(attempts, (failed) => {
          if (failed.attempt > (failed.retries ?? Infinity)) expect(policy.delayMs(failed)).toBeUndefined();
        }),
      );
    });

    it.each([MeshCode.CANCELLED, MeshCode.TIMEOUT, MeshCode.INVALID_REQUEST, MeshCode.FORBIDDEN, MeshCode.NO_SERVICE])(
      'never repeats after %s',
      (code) => {
        const error = new MeshError(code, 'no', { neverSent: true });
        const failed = { attempt: 1, error, idempotent: true, retries: 5, remainingMs: 10_000 };
        expect(make().delayMs(failed)).toBeUndefined();
      },
    );

    it('repeats an idempotent call whose connection was lost', () => {
      const error = new MeshError(MeshCode.UNREACHABLE);
      const failed = { attempt: 1, error, idempotent: true, retries: 1, remainingMs: Number.POSITIVE_INFINITY };
      expect(make().delayMs(failed)).toBeTypeOf('number');
    });
  });
}
