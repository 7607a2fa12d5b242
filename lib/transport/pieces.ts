/** Smaller pieces are gathered: a `Buffer` of its own takes some hundred bytes itself. */
const SMALL_PIECE_BYTES = 1024;

/** Small pieces are gathered into so many bytes. */
const GATHERED_BYTES = 16 * 1024;

/** What has come of something, in order. However small the pieces are in which it comes, what is kept takes little more than what has come. */
export class Pieces {
  /** Where small pieces are gathered: the last piece is the part of it that is filled. */
  private gathering: { readonly bytes: Buffer; filled: number } | undefined;
  private readonly pieces: Buffer[] = [];

  /** What has come, in few pieces. */
  get all(): readonly Buffer[] {
    return this.pieces;
  }

  /** Adds what has come. One that is large, or comes first, is kept as it is. */
  add(piece: Buffer): void {
    if (this.pieces.length > 0 && piece.length < SMALL_PIECE_BYTES) return this.gather(piece);
    this.gathering = undefined;
    this.pieces.push(piece);
  }

  /** Drops all. */
  clear(): void {
    this.pieces.length = 0;
    this.gathering = undefined;
  }

  /** Drops the first so many. */
  drop(count: number): void {
    this.pieces.splice(0, count);
    if (this.pieces.length === 0) this.gathering = undefined;
  }

  private gather(piece: Buffer): void {
    const { gathering, pieces } = this;
    if (gathering && gathering.filled + piece.length <= gathering.bytes.length) {
      piece.copy(gathering.bytes, gathering.filled);
      gathering.filled += piece.length;
      pieces[pieces.length - 1] = gathering.bytes.subarray(0, gathering.filled);
      return;
    }
    const bytes = Buffer.allocUnsafeSlow(GATHERED_BYTES);
    piece.copy(bytes);
    this.gathering = { bytes, filled: piece.length };
    pieces.push(bytes.subarray(0, piece.length));
  }
}
