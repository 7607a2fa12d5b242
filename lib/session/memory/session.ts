import { ListItem } from '../../collections/linked-list.js';
import { type OfTopic, Queues } from './queues.js';

/** One session: its queues, and what keeps it alive. */
export class Session<Queue extends OfTopic> extends ListItem {
  /** The queues in use. */
  readonly queues = new Queues<Queue>();
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
