import { defineFamily } from '../kernel/extension-family.js';
import type { MeshError } from '../errors/mesh-error.js';

/** An attempt that failed. */
export interface FailedAttempt {
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly error: MeshError;
  /** Whether the method is declared `idempotent`. */
  readonly idempotent: boolean;
  /** Retries that the method's declaration asks for; `undefined` when it does not say. */
  readonly retries: number | undefined;
  /** Time left until the deadline, in ms. */
  readonly remainingMs: number;
}

/** Decides whether a failed attempt is repeated. */
export interface RetryPolicy {
  /** The delay before the next attempt, in ms; `undefined` to give up. */
  delayMs(failed: FailedAttempt): number | undefined;
}

/** The family of retry policies. The default is `backoff`. */
export const RETRY_POLICY = defineFamily<RetryPolicy>('retry-policy', 'backoff');
