import { tooLong } from '../../refusals.js';

/** Memory is taken for so many bytes on the word of the peer; for more, as they come. */
const TRUSTED_BYTES = 1024 * 1024;

const nothing = Buffer.alloc(0);

/** Gathers a body out of pieces that hold for the moment only: they are copied. */
export class GatheredBody {
  private bytes: Buffer = nothing;
  private length = 0;

  /**
   * @param announced its length, if it is known
   * @param limit most bytes
   * @throws MeshError E0000000413 when it is over the limit
   */
  constructor(
    private readonly announced: number | undefined,
    private readonly limit: number,
  ) {
    if (announced !== undefined && announced > limit) throw tooLong(announced, limit);
  }

  /** Bytes that are missing from what was announced. */
  get missing(): number {
    return (this.announced ?? Infinity) - this.length;
  }

  /** Adds a piece. @throws MeshError E0000000413 when it is over the limit with it */
  add(piece: Buffer): void {
    const length = this.length + piece.length;
    if (length > this.limit) throw tooLong(length, this.limit);
    if (length > this.bytes.length) this.grow(length);
    this.bytes.set(piece, this.length);
    this.length = length;
  }

  /** What was gathered. */
  take(): Buffer {
    return this.length === this.bytes.length ? this.bytes : this.bytes.subarray(0, this.length);
  }

  private grow(least: number): void {
    const { announced = Infinity, bytes, limit } = this;
    const trusted = announced === Infinity ? 0 : TRUSTED_BYTES;
    const room = Math.max(least, Math.min(announced, limit, Math.max(trusted, 2 * bytes.length)));
    const larger = Buffer.allocUnsafe(room);
    larger.set(bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}
