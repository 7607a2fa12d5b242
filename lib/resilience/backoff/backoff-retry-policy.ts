import { Inject } from '@nestjs/common';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshExtension } from '../../kernel/extension.decorator.js';
import { MESH_OPTIONS, type ResolvedMeshOptions } from '../../options/mesh-options.js';
import { RETRY_POLICY, type FailedAttempt, type RetryPolicy } from '../retry-policy.js';

/**
 * The codes of a call that did not get through: another attempt may take another way. Not among them, on purpose:
 *
 * - E0000000601 and E0000000499: the time is over, or nobody waits any more;
 * - E0000000602: nobody provides the service. The caller shall hear that at once;
 * - E0000000700: a full buffer is not relieved by more calls;
 * - every code with which a provider answers (400, 403, 404, 413, 500, 617, …): it would answer the same again.
 */
const LOST: ReadonlySet<string> = new Set([MeshCode.UNREACHABLE, MeshCode.ADDRESS_UNREACHABLE]);

/** By then every delay has reached its bound; keeps the factor finite. */
const MOST_DOUBLINGS = 31;

/**
 * Repeats a call that got lost, when that is safe: it never left this process, or its method is declared `idempotent`.
 *
 * The delay is exponential with jitter: random between half of `retry.minDelayMs` and all of it for the first, doubling with
 * each attempt up to `retry.maxDelayMs`. It is not shorter, since a connection that failed is not tried again at once: an
 * attempt that comes too early fails without having dialled. It gives up after `retry.retries` repetitions (or as many as the method's
 * declaration says), and when the delay would pass the deadline.
 */
@MeshExtension(RETRY_POLICY, 'backoff')
export class BackoffRetryPolicy implements RetryPolicy {
  private readonly retry: ResolvedMeshOptions['retry'];

  constructor(@Inject(MESH_OPTIONS) options: ResolvedMeshOptions) {
    this.retry = options.retry;
  }

  delayMs({ attempt, error, idempotent, retries, remainingMs }: FailedAttempt): number | undefined {
    if (attempt > (retries ?? this.retry.retries)) return undefined;
    if (!LOST.has(error.code)) return undefined;
    if (!error.neverSent && !idempotent) return undefined;
    const delay = this.bound(attempt) * (0.5 + Math.random() / 2);
    return delay < remainingMs ? delay : undefined;
  }

  private bound(attempt: number): number {
    return Math.min(this.retry.maxDelayMs, this.retry.minDelayMs * 2 ** Math.min(attempt - 1, MOST_DOUBLINGS));
  }
}
