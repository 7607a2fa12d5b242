/** Lets so many bytes of large messages be under way at a time; one message alone always may, whatever its size. */
export class BulkGate {
  private underWay = 0;
  private readonly waiting: { readonly bytes: number; readonly start: () => void }[] = [];

  /** @param limit what the other side takes, in bytes */
  constructor(private readonly limit: number) {}

  /** Starts a message, now or when there is room. @returns takes it back, if it has not started */
  pass(bytes: number, start: () => void): () => void {
    if (this.waiting.length === 0 && this.hasRoomFor(bytes)) {
      this.underWay += bytes;
      start();
      return () => undefined;
    }
    const one = { bytes, start };
    this.waiting.push(one);
    return () => {
      const index = this.waiting.indexOf(one);
      if (index < 0) return;
      this.waiting.splice(index, 1);
      this.startNext();
    };
  }

  /** So many bytes have been taken at the other side. @returns whether so many were under way */
  release(bytes: number): boolean {
    if (bytes > this.underWay) return false;
    this.underWay -= bytes;
    this.startNext();
    return true;
  }

  private startNext(): void {
    for (let next = this.waiting[0]; next && this.hasRoomFor(next.bytes); next = this.waiting[0]) {
      this.waiting.shift();
      this.underWay += next.bytes;
      next.start();
    }
  }

  private hasRoomFor(bytes: number): boolean {
    return this.underWay === 0 || this.underWay + bytes <= this.limit;
  }
}
