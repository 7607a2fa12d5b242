/** What an {@link IdTable} holds: it has a number of its own there. */
export interface Numbered {
  readonly id: number;
}

/** Places at first; always a power of two. */
const FIRST_PLACES = 16;

/**
 * Things by their numbers, for those that come and go all the time with numbers that grow, as calls do on a connection.
 *
 * A `Map` is made anew each time so many have come, or few are left, and of V8's the one before keeps all that was in it alive until
 * the next full collection, once it has grown old itself. Here each has the place of its number until another needs that; who stays for
 * so long goes to a `Map` then.
 */
export class IdTable<T extends Numbered> {
  private places: (T | undefined)[] = emptyPlaces(FIRST_PLACES);
  private placed = 0;
  /** Those that stayed until their place was needed. */
  private lasting: Map<number, T> | undefined;

  /** How many there are. */
  get size(): number {
    return this.placed + (this.lasting?.size ?? 0);
  }

  /** What has the number, if anything. */
  get(id: number): T | undefined {
    const { places } = this;
    const item = places[id & (places.length - 1)];
    return item?.id === id ? item : this.lasting?.get(id);
  }

  /** Puts something in. Nothing else in it may have its number. */
  add(item: T): void {
    if (2 * this.placed >= this.places.length) this.grow();
    const { places } = this;
    const place = item.id & (places.length - 1);
    const before = places[place];
    if (before) (this.lasting ??= new Map()).set(before.id, before);
    else this.placed++;
    places[place] = item;
  }

  /** Takes out what has the number. @returns whether there was anything */
  delete(id: number): boolean {
    const { places } = this;
    const place = id & (places.length - 1);
    if (places[place]?.id !== id) return this.lasting?.delete(id) ?? false;
    places[place] = undefined;
    this.placed--;
    return true;
  }

  /** Takes out everything. @returns what there was, the lowest number first */
  clear(): T[] {
    const all = this.all();
    this.places = emptyPlaces(FIRST_PLACES);
    this.placed = 0;
    this.lasting = undefined;
    return all;
  }

  /** What is in it at the moment, the lowest number first. */
  all(): T[] {
    const all = this.places.filter((item) => item !== undefined);
    if (this.lasting) all.push(...this.lasting.values());
    return all.sort((a, b) => a.id - b.id);
  }

  private grow(): void {
    const before = this.places;
    this.places = emptyPlaces(2 * before.length);
    for (const item of before) if (item) this.places[item.id & (this.places.length - 1)] = item;
  }
}

function emptyPlaces<T>(count: number): (T | undefined)[] {
  return Array.from({ length: count }, () => undefined);
}
