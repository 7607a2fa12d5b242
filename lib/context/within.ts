import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { Cancellation } from './cancellation.js';
import { expireAt } from './expiry.js';

/** Until when something is waited for, and what it is. */
export interface Patience {
  /** What is waited for, for the error: the name of a service, a path. */
  readonly what: string;
  /** Until when: ms since the epoch, `Infinity` for ever. */
  readonly deadline: number;
  /** Cancelled when nobody waits any more; at the deadline it is cancelled with E0000000601. */
  readonly cancellation: Cancellation;
}

/**
 * Ends what is not answered in time, or whose caller went away: whoever is at work is told by the cancellation, the answer is no
 * longer waited for.
 *
 * @throws the reason of the cancellation
 */
export function within<T>({ what, deadline, cancellation }: Patience, serve: () => Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const expire = () => cancellation.cancel(new MeshError(MeshCode.TIMEOUT, `${what} did not answer in time`));
    const timer = deadline === Infinity ? undefined : expireAt(deadline, expire);
    const forget = cancellation.onCancel((reason) => {
      clearTimeout(timer);
      reject(reason);
    });
    const settle = () => {
      clearTimeout(timer);
      forget();
    };
    if (cancellation.reason) return;
    startOf(serve).then(
      (value) => {
        settle();
        resolve(value);
      },
      (error: unknown) => {
        settle();
        reject(error as Error);
      },
    );
  });
}

/** It may throw before it returns a Promise. */
function startOf<T>(serve: () => Promise<T>): Promise<T> {
  try {
    return serve();
  } catch (error) {
    return Promise.reject(error as Error);
  }
}
