import { setMaxListeners } from 'node:events';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { Cancellation } from './cancellation.js';
import { expireAt } from './expiry.js';

/** What makes the caller of a call give it up. */
export interface GivingUp {
  /** What is given up, for the error: `mesh.trust.apply`, `the push`. */
  readonly what: string;
  /** When: ms since the epoch; then with E0000000601. */
  readonly deadline: number;
  /** When it is aborted: with its reason where that is a `MeshError`, else with E0000000499. */
  readonly signal?: AbortSignal | undefined;
  /** When the call is given up below which this one is made: with the same reason. */
  readonly above?: Cancellation | undefined;
}

/**
 * Cancels a call when its caller gives it up, for whichever reason comes first.
 *
 * @returns stops the clock and lets go of the signals; to be called when the call has ended
 */
export function giveUpWith(cancellation: Cancellation, { what, deadline, signal, above }: GivingUp): () => void {
  const onAbort = signal && (() => cancellation.cancel(cancelled(what, signal.reason)));
  if (signal?.aborted) onAbort?.();
  else if (signal && onAbort) {
    // One signal may end any number of calls; Node warns of more than ten.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', onAbort, { once: true });
  }
  const forget = above?.onCancel((reason) => cancellation.cancel(reason));
  const expire = () => cancellation.cancel(new MeshError(MeshCode.TIMEOUT, `${what} was not answered in time`));
  const timer = expireAt(deadline, expire);
  return () => {
    clearTimeout(timer);
    forget?.();
    if (signal && onAbort) signal.removeEventListener('abort', onAbort);
  };
}

function cancelled(what: string, cause: unknown): MeshError {
  if (cause instanceof MeshError) return cause;
  return new MeshError(MeshCode.CANCELLED, `${what} was cancelled by its caller`, { cause });
}
