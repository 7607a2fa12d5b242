/** How long an address that failed is tried after the others, in ms. */
const REST_MS = 5_000;

/** The addresses of one node, in the order in which they are worth trying. */
export class AddressList {
  private last: string | undefined;
  private readonly restsUntil = new Map<string, number>();

  /** @param addresses as the options list them */
  constructor(private readonly addresses: readonly string[]) {}

  /** That which answered last, then the others as they are listed; those that failed a short while ago come last. */
  inOrder(now = Date.now()): readonly string[] {
    const { last } = this;
    const listed = last === undefined ? this.addresses : [last, ...this.addresses.filter((one) => one !== last)];
    if (this.restsUntil.size === 0) return listed;
    const rests = (address: string): boolean => (this.restsUntil.get(address) ?? 0) > now;
    return [...listed.filter((one) => !rests(one)), ...listed.filter(rests)];
  }

  /** Something answered at an address. */
  answered(address: string): void {
    this.last = address;
    this.restsUntil.delete(address);
  }

  /** Nothing answered at an address. */
  failed(address: string, now = Date.now()): void {
    this.restsUntil.set(address, now + REST_MS);
  }
}
