import { MAX_TIMER_MS } from '../../context/expiry.js';

/** Something that ends at a time, unless it is moved. */
export interface Expiring {
  /** When it ends, in ms of `performance.now()`. The queue's to write once it is in there. */
  expiresAt: number;
  /** Its place in the queue, which keeps it. */
  place: number;
}

/** Ends things on time, with one timer for all of them: a binary heap, the soonest first. */
export class ExpiryQueue<T extends Expiring> {
  private readonly heap: T[] = [];
  private timer: NodeJS.Timeout | undefined;
  private firesAt = Infinity;

  /** @param expire told of each that ended, when it is no longer in the queue */
  constructor(private readonly expire: (item: T) => void) {}

  /** How many there are. */
  get size(): number {
    return this.heap.length;
  }

  /** Enters something. */
  add(item: T): void {
    this.heap.push(item);
    this.rise(item, this.heap.length - 1);
    this.arm();
  }

  /** Lets something end at another time. */
  move(item: T, expiresAt: number): void {
    const isSooner = expiresAt < item.expiresAt;
    item.expiresAt = expiresAt;
    if (isSooner) this.rise(item, item.place);
    else this.sink(item, item.place);
    this.arm();
  }

  /** Takes something out before its end. */
  delete(item: T): void {
    const last = this.heap.pop();
    if (last === undefined || last === item) return;
    if (last.expiresAt < item.expiresAt) this.rise(last, item.place);
    else this.sink(last, item.place);
  }

  /** Takes everything out. */
  clear(): void {
    this.heap.length = 0;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.firesAt = Infinity;
  }

  /** A timer that fires too soon finds nothing to do, and is set anew; so that renewing sets none. */
  private arm(): void {
    const first = this.heap[0];
    if (first === undefined || first.expiresAt >= this.firesAt) return;
    clearTimeout(this.timer);
    this.firesAt = first.expiresAt;
    const delayMs = Math.ceil(Math.max(0, first.expiresAt - performance.now()));
    this.timer = setTimeout(() => this.fire(), Math.min(delayMs, MAX_TIMER_MS)).unref();
  }

  private fire(): void {
    this.firesAt = Infinity;
    const now = performance.now();
    for (let first = this.heap[0]; first && first.expiresAt <= now; first = this.heap[0]) {
      this.delete(first);
      this.expire(first);
    }
    this.arm();
  }

  private rise(item: T, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.heap[above]!;
      if (parent.expiresAt <= item.expiresAt) break;
      this.settle(parent, place);
      place = above;
    }
    this.settle(item, place);
  }

  private sink(item: T, from: number): void {
    let place = from;
    for (;;) {
      const left = this.heap[2 * place + 1];
      const right = this.heap[2 * place + 2];
      const child = right && left && right.expiresAt < left.expiresAt ? right : left;
      if (!child || child.expiresAt >= item.expiresAt) break;
      const below = child.place;
      this.settle(child, place);
      place = below;
    }
    this.settle(item, place);
  }

  private settle(item: T, place: number): void {
    this.heap[place] = item;
    item.place = place;
  }
}
