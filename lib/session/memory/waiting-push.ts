import type { SessionMessage } from '../store.js';
import { LinkedList, ListItem } from '../../collections/linked-list.js';
import type { Waiter } from './waiter.js';

/** A push that waits for room. */
export class WaitingPush extends ListItem {
  /** Who waits for it: the one who pushed, and those who repeated the push meanwhile. It waits as long as any of them does. */
  readonly callers = new LinkedList<Waiter<void>>();

  constructor(
    readonly message: SessionMessage,
    readonly size: number,
    /** By what its repetition is recognised; empty when it cannot be. */
    readonly id: string,
  ) {
    super();
  }
}
