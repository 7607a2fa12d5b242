import type { SharedHead } from '../transport.js';

/** Bounds of the heads that one side lets the other have by a number. */
export interface PlaceBounds {
  /** Most heads. */
  readonly count: number;
  /** Most characters of one: of its path, and of the names and values of its headers. */
  readonly characters: number;
}

/** Most heads that this side keeps for a peer, whatever it takes. */
const MAX_PLACES = 1_024;

/** What the writer keeps of the heads that the reader has by their places. When all are taken, they are given anew in turn. */
export class HeadPlaces {
  private readonly places = new Map<SharedHead, number>();
  private readonly heads: SharedHead[] = [];
  private readonly count: number;
  private next = 0;

  /** @param bounds what the reader takes */
  constructor(private readonly bounds: PlaceBounds) {
    this.count = Math.min(MAX_PLACES, bounds.count);
  }

  /** Where the reader has a head; `undefined` when it has not. */
  of(head: SharedHead): number | undefined {
    return this.places.get(head);
  }

  /** Gives a place to a head that has none; `undefined` when it is to have none. */
  give(head: SharedHead): number | undefined {
    if (this.count === 0 || charactersOf(head.path, head.headers) > this.bounds.characters) return undefined;
    const place = this.next;
    this.next = (place + 1) % this.count;
    const former = this.heads[place];
    if (former) this.places.delete(former);
    this.heads[place] = head;
    this.places.set(head, place);
    return place;
  }
}

/** What a head counts. */
export function charactersOf(path: string, headers: SharedHead['headers']): number {
  let characters = path.length;
  for (const name in headers) characters += name.length + (headers[name] as string).length;
  return characters;
}
