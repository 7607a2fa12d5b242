import { ListItem } from '../../collections/linked-list.js';

/** One session: its queues, and what keeps it alive. */
export class Session<Queue> extends ListItem {
  /** The queues in use, by topic. */
  readonly queues = new Map<string, Queue>();
  /** Operations under way: those that wait, and deliveries not yet confirmed. While there are any, it is not idle. */
  operations = 0;
  /** Since when it is idle, on the clock of `performance.now()`. */
  idleSince = 0;
  /** Whether it is over: released, expired, or given way. */
  ended = false;

  constructor(
    readonly id: string,
    /** Tells it from other sessions of the same id, before and after it. */
    readonly serial: number,
  ) {
    super();
  }
}
