/** A message that arrived on a stream, until it counts as arrived at the other side, too. */
export interface Arrival {
  /** Its number on the stream. */
  readonly delivery: number;
  taken: boolean;
}

/** Which messages of one stream have been taken, and how far that can be said with one number: everything up to it. */
export class Acknowledgements {
  private readonly open: Arrival[] = [];
  private reached = 0;

  /** Everything up to this number has been taken; 0 when nothing has. */
  get upTo(): number {
    return this.reached;
  }

  /** Messages that cannot be acknowledged yet: those not taken, and those behind such. */
  get size(): number {
    return this.open.length;
  }

  /** Notes that a message has arrived. Numbers count up. */
  arrived(delivery: number): Arrival {
    const arrival = { delivery, taken: false };
    this.open.push(arrival);
    return arrival;
  }

  /** Notes that a message was taken. */
  take(arrival: Arrival): void {
    arrival.taken = true;
    const { open } = this;
    let count = 0;
    while (count < open.length && open[count]!.taken) count++;
    if (count > 0) this.reached = open.splice(0, count).at(-1)!.delivery;
  }
}
