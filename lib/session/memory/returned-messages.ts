import type { QueuedMessage } from './queued-message.js';

/**
 * The messages that were taken and given back, the one of the least place first: a binary heap, so that any number of
 * them given back in any order costs little.
 */
export class ReturnedMessages {
  private readonly heap: QueuedMessage[] = [];

  /** How many there are. */
  get size(): number {
    return this.heap.length;
  }

  /** The one of the least place. */
  get first(): QueuedMessage | undefined {
    return this.heap[0];
  }

  /** Adds one. */
  push(message: QueuedMessage): void {
    const { heap } = this;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent]!;
      if (above.place < message.place) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = message;
  }

  /** Takes out the one of the least place. */
  shift(): QueuedMessage | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (last && heap.length > 0) this.sink(last);
    return first;
  }

  /** Puts a message in at the top, and lets it sink to where it belongs. */
  private sink(message: QueuedMessage): void {
    const { heap } = this;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.place < heap[child]!.place) child++;
      if (heap[child]!.place > message.place) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = message;
  }
}
