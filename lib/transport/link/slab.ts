/** Bytes of a slab: small frames are gathered in it. */
const SLAB_BYTES = 64 * 1024;

/** Memory for small frames. What was written is never written over: it is let go with the last who holds a part of it. */
export class Slab {
  /** Where the next frames go. */
  bytes: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  private end = 0;

  /** Makes room for so many bytes in {@link bytes}, which are others then where there was none. @returns where they begin */
  reserve(bytes: number): number {
    if (this.end + bytes > this.bytes.length) {
      this.bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes));
      this.end = 0;
    }
    const at = this.end;
    this.end += bytes;
    return at;
  }
}
