/** What {@link Queues} hold: it has a topic of its own there. */
export interface OfTopic {
  readonly topic: string;
}

/**
 * The queues of a session by their topics. Most sessions use one at a time, which comes and goes with each message: it has a place of its
 * own, since a `Map` would be made anew each time, and in the old part of V8's memory.
 */
export class Queues<Queue extends OfTopic> implements Iterable<Queue> {
  private one: Queue | undefined;
  private others: Map<string, Queue> | undefined;

  /** How many there are. */
  get size(): number {
    return (this.one ? 1 : 0) + (this.others?.size ?? 0);
  }

  /** That of a topic, if there is one. */
  get(topic: string): Queue | undefined {
    return this.one?.topic === topic ? this.one : this.others?.get(topic);
  }

  /** Puts one in. There must be none of its topic. */
  add(queue: Queue): void {
    if (this.one) (this.others ??= new Map()).set(queue.topic, queue);
    else this.one = queue;
  }

  /** Takes one out. */
  remove({ topic }: Queue): void {
    if (this.one?.topic === topic) this.one = undefined;
    else this.others?.delete(topic);
  }

  /** All of them. The one at hand may be taken out meanwhile. */
  *[Symbol.iterator](): Generator<Queue, void> {
    if (this.one) yield this.one;
    if (this.others) yield* this.others.values();
  }
}
