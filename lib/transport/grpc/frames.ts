import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { decompress } from '../decompress.js';
import type { Packed } from '../inbox.js';
import { tooLong } from '../refusals.js';

/** Length of what gRPC puts before each message: one byte "compressed", four bytes of length. */
export const FRAME_PREFIX_BYTES = 5;

/** Memory taken at first for a message that arrives in several pieces; it grows with what has really arrived. */
const FIRST_ALLOCATION_BYTES = 64 * 1024;

/** A message up to this size has its memory at once when an eighth of it has arrived, so that it is not copied again. */
const SMALL_MESSAGE_BYTES = 256 * 1024;

/** A message as it stood on the wire. */
export interface Frame {
  readonly body: Buffer;
  /** Whether the body is compressed, by the stream's `grpc-encoding`. */
  readonly compressed: boolean;
}

/** Puts the prefix of an uncompressed message before it. */
export function encodeFrame(body: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_PREFIX_BYTES + body.length);
  frame[0] = 0;
  frame.writeUInt32BE(body.length, 1);
  frame.set(body, FRAME_PREFIX_BYTES);
  return frame;
}

/**
 * Takes messages out of a stream of bytes, whatever the pieces in which they arrive. It never holds much more than has
 * arrived, whatever length a peer announces.
 */
export class FrameReader {
  private chunk: Buffer | undefined;
  private offset = 0;
  private head: { readonly length: number; readonly compressed: boolean } | undefined;
  private partial: Buffer | undefined;
  private filled = 0;

  /** @param limit largest message accepted, in bytes */
  constructor(private readonly limit: number) {}

  /** Whether nothing has arrived that was not yet taken out. */
  get empty(): boolean {
    return this.chunk === undefined && this.head === undefined;
  }

  /** Adds what has arrived. */
  push(chunk: Buffer): void {
    this.chunk = this.chunk ? Buffer.concat([this.chunk.subarray(this.offset), chunk]) : chunk;
    this.offset = 0;
  }

  /**
   * The next message; `undefined` until all of it has arrived.
   *
   * @throws MeshError E0000000413 for a message over the limit, E0000000616 for what is no message
   */
  next(): Frame | undefined {
    const head = (this.head ??= this.readHead());
    if (!head) return undefined;
    const body = this.readBody(head.length);
    if (!body) return undefined;
    this.head = undefined;
    return { body, compressed: head.compressed };
  }

  private readHead(): { readonly length: number; readonly compressed: boolean } | undefined {
    const { chunk, offset } = this;
    if (!chunk || chunk.length - offset < FRAME_PREFIX_BYTES) return undefined;
    const flag = chunk[offset];
    if (flag !== 0 && flag !== 1) {
      throw new MeshError(MeshCode.ENCODING, `a gRPC message starts with 0 or 1, not with ${flag}`);
    }
    const length = chunk.readUInt32BE(offset + 1);
    if (length > this.limit) throw tooLong(length, this.limit);
    this.consume(FRAME_PREFIX_BYTES);
    return { length, compressed: flag === 1 };
  }

  private readBody(length: number): Buffer | undefined {
    const { chunk, offset } = this;
    const available = chunk ? chunk.length - offset : 0;
    if (!this.partial && available >= length) {
      this.consume(length);
      return chunk ? chunk.subarray(offset, offset + length) : Buffer.alloc(0);
    }
    if (!chunk) return undefined;
    const taken = Math.min(available, length - this.filled);
    const partial = this.room(this.filled + taken, length);
    chunk.copy(partial, this.filled, offset, offset + taken);
    this.filled += taken;
    this.consume(taken);
    if (this.filled < length) return undefined;
    this.partial = undefined;
    this.filled = 0;
    return partial;
  }

  /** Memory for at least `needed` bytes of a message of `length`. */
  private room(needed: number, length: number): Buffer {
    const { partial } = this;
    if (partial && partial.length >= needed) return partial;
    const foreseen = Math.max(2 * needed, Math.min(8 * needed, SMALL_MESSAGE_BYTES), FIRST_ALLOCATION_BYTES);
    const grown = Buffer.allocUnsafeSlow(Math.min(length, foreseen));
    partial?.copy(grown, 0, 0, this.filled);
    return (this.partial = grown);
  }

  private consume(bytes: number): void {
    this.offset += bytes;
    if (this.chunk && this.offset >= this.chunk.length) {
      this.chunk = undefined;
      this.offset = 0;
    }
  }
}

/** What a stream hands to its reader of a message that came in `encoding`; unpacked, it is `limit` bytes at most. */
export function messageOf({ body, compressed }: Frame, encoding: string, limit: number): Buffer | Packed {
  return compressed ? { length: body.length, unpack: () => decompress(body, encoding, limit) } : body;
}
