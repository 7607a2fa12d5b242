/** What can stand in a {@link LinkedList}, in one at a time: it carries its own links, so that it leaves without being searched for. */
export abstract class ListItem {
  /** The list in which it stands. */
  list: object | undefined = undefined;
  /** The one before it there. */
  before: this | undefined = undefined;
  /** The one after it there. */
  after: this | undefined = undefined;
}

/**
 * A list of items in the order in which they came. Every operation takes the same time, however long the list is. For things that come
 * and go all the time it is what a `Set` is for others: it leaves nothing behind that a collection would have to find.
 */
export class LinkedList<T extends ListItem> {
  private head: T | undefined = undefined;
  private tail: T | undefined = undefined;
  private length = 0;

  /** How many stand in it. */
  get size(): number {
    return this.length;
  }

  /** The one that came first. */
  get first(): T | undefined {
    return this.head;
  }

  /** The one that came last. */
  get last(): T | undefined {
    return this.tail;
  }

  /** Whether an item stands in this list. */
  has(item: T): boolean {
    return item.list === this;
  }

  /** Puts an item at the end. It must not stand in any list. */
  append(item: T): void {
    item.list = this;
    item.before = this.tail;
    if (this.tail) this.tail.after = item;
    else this.head = item;
    this.tail = item;
    this.length++;
  }

  /** Takes the first item out. */
  shift(): T | undefined {
    const first = this.head;
    if (first) this.remove(first);
    return first;
  }

  /** Takes an item out, from wherever it stands; nothing happens when it does not stand in this list. */
  remove(item: T): void {
    if (item.list !== this) return;
    const { before, after } = item;
    if (before) before.after = after;
    else this.head = after;
    if (after) after.before = before;
    else this.tail = before;
    item.list = item.before = item.after = undefined;
    this.length--;
  }

  /** The items, the first that came first. The one at hand may be taken out meanwhile. */
  *[Symbol.iterator](): Generator<T, void> {
    for (let item = this.head; item;) {
      const { after } = item;
      yield item;
      item = after;
    }
  }
}
