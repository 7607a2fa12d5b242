import type { Cancellation } from '../context/cancellation.js';
import { expireAt } from '../context/expiry.js';

/** Longest time that an answer is given for its way to the caller, in ms. */
const MAX_TRAVEL_MS = 250;

/**
 * Until when a message may be handed to a caller who gives up at a deadline: a tenth of the time before it, at most 250 ms.
 * A message that is sent later may meet nobody, and would be lost.
 */
export function lastMoment(deadline: number): number {
  return deadline - Math.min((deadline - Date.now()) / 10, MAX_TRAVEL_MS);
}

/**
 * Lets a deadline pass (ms since the epoch).
 * @throws MeshError the reason of the cancellation, when that comes first
 */
export async function pass(deadline: number, cancellation: Cancellation): Promise<void> {
  if (deadline <= Date.now()) return;
  await new Promise<void>((resolve, reject) => {
    const timer = expireAt(deadline, () => {
      forget();
      resolve();
    });
    const forget = cancellation.onCancel((reason) => {
      clearTimeout(timer);
      reject(reason);
    });
  });
}
