import {
  FIRST_OPTIONAL_TYPE,
  FrameType,
  HEADER_BYTES,
  MAX_HEAD_BYTES,
  MORE,
  type Part,
  type Piece,
  WHOLE_BYTES,
} from './wire.js';
import { PayloadReader, violation } from '../../protocol/payload.js';

/** Takes what a {@link FrameReader} finds. What it throws ends the reading. */
export interface FrameSink {
  /** A whole frame. Its payload is to be read at once; what is taken of it is a view of what was received. */
  frame(type: number, id: number, payload: PayloadReader, part: Part): void;
  /** A piece of a message that is cut. It is a view of what was received. */
  piece(id: number, bytes: Buffer, which: Piece): void;
}

/** Largest payload of a frame that is not a piece: a message that is not cut, and a head. */
const MAX_WHOLE_FRAME = WHOLE_BYTES + MAX_HEAD_BYTES + 64;

const none = Buffer.alloc(0);

/** Finds the frames in what is received, in whatever pieces it comes. Pieces of messages are handed on as they arrive. */
export class FrameReader {
  private readonly payload = new PayloadReader(none);
  /** The beginning of a frame that has not come whole. */
  private partial: Buffer = none;
  private filled = 0;
  /** What is still to come of a piece, and of which message. */
  private pieceLeft = 0;
  private pieceId = 0;
  private pieceEnds: Piece = 'last';

  /** @param skip bytes to come before the first frame */
  constructor(
    private readonly sink: FrameSink,
    private skip = 0,
  ) {}

  /** Takes what was received. @throws MeshError E0000000616 when it breaks the protocol; what the sink throws */
  push(chunk: Buffer): void {
    let at = this.filled > 0 ? this.complete(chunk) : this.pass(chunk);
    while (at < chunk.length) {
      if (this.pieceLeft > 0) at = this.readPiece(chunk, at);
      else if (chunk.length - at < HEADER_BYTES) return this.keep(chunk, at, HEADER_BYTES);
      else {
        const length = lengthAt(chunk, at);
        if (this.isPiece(chunk, at, length)) at += HEADER_BYTES;
        else if (chunk.length - at < HEADER_BYTES + length) return this.keep(chunk, at, HEADER_BYTES + length);
        else {
          this.hand(chunk, at, length);
          at += HEADER_BYTES + length;
        }
      }
    }
  }

  private pass(chunk: Buffer): number {
    const passed = Math.min(this.skip, chunk.length);
    this.skip -= passed;
    return passed;
  }

  private keep(chunk: Buffer, at: number, needed: number): void {
    this.partial = Buffer.allocUnsafeSlow(needed);
    this.filled = chunk.copy(this.partial, 0, at);
  }

  /** Fills the frame that had begun. @returns where the next one begins */
  private complete(chunk: Buffer): number {
    let at = this.fill(chunk, 0);
    if (this.filled < this.partial.length) return at;
    if (this.partial.length === HEADER_BYTES) {
      const length = lengthAt(this.partial, 0);
      if (this.isPiece(this.partial, 0, length)) return this.forget(at);
      const header = this.partial;
      this.partial = Buffer.allocUnsafeSlow(HEADER_BYTES + length);
      header.copy(this.partial);
      at = this.fill(chunk, at);
      if (this.filled < this.partial.length) return at;
    }
    const frame = this.partial;
    this.forget(at);
    this.hand(frame, 0, frame.length - HEADER_BYTES);
    return at;
  }

  private fill(chunk: Buffer, at: number): number {
    const copied = chunk.copy(this.partial, this.filled, at);
    this.filled += copied;
    return at + copied;
  }

  private forget(at: number): number {
    this.partial = none;
    this.filled = 0;
    return at;
  }

  /** Whether a header begins a piece; it is checked, and remembered. */
  private isPiece(bytes: Buffer, at: number, length: number): boolean {
    const kind = bytes[at + 3] as number;
    if ((kind & ~MORE) !== FrameType.DATA) {
      if (length > MAX_WHOLE_FRAME) throw violation(`a frame of type ${kind & ~MORE} takes ${length} bytes`);
      return false;
    }
    this.pieceId = idAt(bytes, at);
    this.pieceEnds = (kind & MORE) === 0 ? 'last' : 'more';
    this.pieceLeft = length;
    if (length === 0) this.sink.piece(this.pieceId, none, this.pieceEnds);
    return true;
  }

  private readPiece(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.pieceLeft);
    this.pieceLeft -= end - at;
    this.sink.piece(this.pieceId, chunk.subarray(at, end), this.pieceLeft === 0 ? this.pieceEnds : 'more');
    return end;
  }

  private hand(bytes: Buffer, at: number, length: number): void {
    const kind = bytes[at + 3] as number;
    const type = kind & ~MORE;
    if (type > FrameType.CLOSE) {
      if (type < FIRST_OPTIONAL_TYPE) throw violation(`a frame is of the unknown type ${type}`);
      return;
    }
    const start = at + HEADER_BYTES;
    const payload = this.payload.aim(bytes, start, start + length);
    this.sink.frame(type, idAt(bytes, at), payload, (kind & MORE) === 0 ? 'whole' : 'first');
  }
}

function idAt(bytes: Buffer, at: number): number {
  const low = ((bytes[at + 5] as number) << 16) | ((bytes[at + 6] as number) << 8) | (bytes[at + 7] as number);
  return (bytes[at + 4] as number) * 0x100_0000 + low;
}

function lengthAt(bytes: Buffer, at: number): number {
  return ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
}
