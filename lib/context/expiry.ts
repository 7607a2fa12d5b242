/** The longest delay that a timer of Node can hold, in ms: nearly 25 days. */
export const MAX_TIMER_MS = 2_147_483_647;

/** Calls a function at a deadline (ms since the epoch), or after 25 days, whichever is sooner. */
export function expireAt(deadline: number, expire: () => void): NodeJS.Timeout {
  return setTimeout(expire, Math.min(Math.max(0, deadline - Date.now()), MAX_TIMER_MS));
}
