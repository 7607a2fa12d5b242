import { expireAt } from '../../context/expiry.js';
import type { MeshError } from '../../errors/mesh-error.js';
import type { StoreWait } from '../store.js';
import { ListItem } from '../../collections/linked-list.js';

/** Hears that a wait is over without what was waited for: cancelled, for the reason given, or, without one, at its deadline. */
export type OnGiveUp<T> = (waiter: Waiter<T>, reason: MeshError | undefined) => void;

/** An operation that waits, until it is given an end, its deadline passes or it is cancelled. */
export class Waiter<T> extends ListItem {
  /** How the wait ends. */
  readonly end: Promise<T>;
  /** Ends it with a value. */
  resolve!: (value: T) => void;
  /** Ends it with an error. */
  reject!: (error: MeshError) => void;
  private readonly timer: NodeJS.Timeout;
  private readonly forget: () => void;

  constructor(wait: StoreWait, giveUp: OnGiveUp<T>) {
    super();
    this.end = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.timer = expireAt(wait.deadline, () => giveUp(this, undefined));
    this.forget = wait.cancellation.onCancel((reason) => giveUp(this, reason));
  }

  /** Looks no longer at deadline and cancellation. */
  disarm(): void {
    clearTimeout(this.timer);
    this.forget();
  }
}
