import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { StoreWait } from '../store.js';
import type { LinkedList } from '../../collections/linked-list.js';
import type { MessageQueue } from './message-queue.js';
import { type OnGiveUp, Waiter } from './waiter.js';

/** Where operations of one kind wait: so many at most, each in a line of its own choosing. Who waits keeps its session alive. */
export class WaitingRoom {
  private waiting = 0;

  constructor(private readonly seats: number) {}

  /** How many wait. */
  get size(): number {
    return this.waiting;
  }

  /**
   * Begins a wait at the end of a line.
   *
   * @throws MeshError E0000000700 when too many wait
   */
  enter<T>(queue: MessageQueue, line: LinkedList<Waiter<T>>, wait: StoreWait, giveUp: OnGiveUp<T>): Waiter<T> {
    if (this.waiting >= this.seats) {
      throw new MeshError(MeshCode.BUFFER_FULL, `too many operations wait: at most ${this.seats} may`);
    }
    const waiter = new Waiter(wait, giveUp);
    line.append(waiter);
    this.waiting++;
    queue.session.operations++;
    return waiter;
  }

  /** Ends a wait; the waiter is then resolved or rejected. */
  leave<T>(queue: MessageQueue, line: LinkedList<Waiter<T>>, waiter: Waiter<T>): void {
    waiter.disarm();
    line.remove(waiter);
    this.waiting--;
    queue.session.operations--;
  }

  /** Ends all waits of a line, in their order. */
  leaveAll<T>(queue: MessageQueue, line: LinkedList<Waiter<T>>, end: (waiter: Waiter<T>) => void): void {
    for (let waiter = line.first; waiter; waiter = line.first) {
      this.leave(queue, line, waiter);
      end(waiter);
    }
  }
}
