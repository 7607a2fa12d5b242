/** The longest delay that a timer of Node can hold, in ms: nearly 25 days. */
export const MAX_TIMER_MS = 2_147_483_647;

/**
 * Calls a function at a deadline (ms since the epoch), or after 25 days, whichever is sooner.
 *
 * @param now what time it is, for who has just looked
 */
export function expireAt(deadline: number, expire: () => void, now = Date.now()): NodeJS.Timeout {
  return setTimeout(expire, Math.min(Math.max(0, deadline - now), MAX_TIMER_MS));
}
