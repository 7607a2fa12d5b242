import type { Carried, CarryOptions, MessageReader } from './topic-carrier.js';

/** How long one pop of a reader waits, in ms; then the next follows. */
const POP_MS = 60_000;

/** Takes the next message of a topic. */
export type TakeNext = (options: CarryOptions) => Promise<Carried | undefined>;

/** A reader that takes each message when it is asked for the next. */
export function popReader(take: TakeNext): MessageReader {
  const caller = new AbortController();
  return {
    next: () => take({ timeoutMs: POP_MS, signal: caller.signal }),
    close: () => caller.abort(),
  };
}
