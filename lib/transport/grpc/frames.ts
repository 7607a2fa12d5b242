import type { Writable } from 'node:stream';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { decompress } from '../decompress.js';
import type { Packed } from '../inbox.js';
import { Pieces } from '../pieces.js';
import { tooLong } from '../refusals.js';

/** Length of what gRPC puts before each message: one byte "compressed", four bytes of length. */
export const FRAME_PREFIX_BYTES = 5;

/** Bytes of a message that is worth writing apart from what is put before it, rather than copying it. */
const LARGE_MESSAGE_BYTES = 8 * 1_024;

/** A message as it stood on the wire. */
export interface Frame {
  readonly body: Buffer;
  /** Whether the body is compressed, by the stream's `grpc-encoding`. */
  readonly compressed: boolean;
}

/** Puts the prefix of an uncompressed message before it. */
export function encodeFrame(body: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_PREFIX_BYTES + body.length);
  writePrefix(frame, body);
  frame.set(body, FRAME_PREFIX_BYTES);
  return frame;
}

/** Writes a message to a stream, a large one without copying it. Returns what `write` does. */
export function writeFrame(stream: Writable, body: Uint8Array, onWritten?: OnWritten): boolean {
  if (body.length < LARGE_MESSAGE_BYTES) return stream.write(encodeFrame(body), onWritten);
  stream.cork();
  stream.write(prefixOf(body));
  const free = stream.write(body, onWritten);
  stream.uncork();
  return free;
}

/**
 * Writes a message to a stream, a large one without copying it, and ends the stream with it.
 *
 * @param onOut told when all of it is written out, or will not be
 */
export function endWithFrame(stream: Writable, body: Uint8Array, onOut?: () => void): void {
  if (body.length < LARGE_MESSAGE_BYTES) return void stream.end(encodeFrame(body), onOut);
  stream.cork();
  stream.write(prefixOf(body));
  stream.end(body, onOut);
}

type OnWritten = (error: Error | null | undefined) => void;

function prefixOf(body: Uint8Array): Buffer {
  const prefix = Buffer.allocUnsafe(FRAME_PREFIX_BYTES);
  writePrefix(prefix, body);
  return prefix;
}

function writePrefix(frame: Buffer, body: Uint8Array): void {
  frame[0] = 0;
  frame.writeUInt32BE(body.length, 1);
}

interface Head {
  readonly length: number;
  readonly compressed: boolean;
}

/**
 * Takes messages out of a stream of bytes, whatever the pieces in which they arrive. It never holds much more than has
 * arrived, whatever length a peer announces.
 */
export class FrameReader {
  /** What has arrived and was not taken out, in order. */
  private readonly pieces = new Pieces();
  /** Bytes of the first piece that were taken out. */
  private offset = 0;
  /** Bytes that were not taken out. */
  private available = 0;
  private head: Head | undefined;

  /** @param limit largest message accepted, in bytes */
  constructor(private readonly limit: number) {}

  /** Whether nothing has arrived that was not yet taken out. */
  get empty(): boolean {
    return this.available === 0 && this.head === undefined;
  }

  /** Adds what has arrived. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.available += chunk.length;
    this.pieces.add(chunk);
  }

  /**
   * The next message; `undefined` until all of it has arrived.
   *
   * @throws MeshError E0000000413 for a message over the limit, E0000000616 for what is no message
   */
  next(): Frame | undefined {
    const head = (this.head ??= this.readHead());
    if (!head || this.available < head.length) return undefined;
    this.head = undefined;
    return { body: this.take(head.length), compressed: head.compressed };
  }

  private readHead(): Head | undefined {
    if (this.available < FRAME_PREFIX_BYTES) return undefined;
    const prefix = this.take(FRAME_PREFIX_BYTES);
    const flag = prefix[0];
    if (flag !== 0 && flag !== 1) {
      throw new MeshError(MeshCode.ENCODING, `a gRPC message starts with 0 or 1, not with ${flag}`);
    }
    const length = prefix.readUInt32BE(1);
    if (length > this.limit) throw tooLong(length, this.limit);
    return { length, compressed: flag === 1 };
  }

  /** Takes bytes out, which must be there: as they came, when they came in one piece. */
  private take(length: number): Buffer {
    const [first] = this.pieces.all;
    this.available -= length;
    if (!first) return Buffer.alloc(0);
    const end = this.offset + length;
    if (end > first.length) return this.join(length);
    const taken = first.subarray(this.offset, end);
    this.offset = end;
    if (end === first.length) this.drop(1, 0);
    return taken;
  }

  private join(length: number): Buffer {
    const joined = Buffer.allocUnsafeSlow(length);
    let filled = 0;
    let from = this.offset;
    for (let index = 0; ; index++, from = 0) {
      const piece = this.pieces.all[index] as Buffer;
      const copied = piece.copy(joined, filled, from);
      filled += copied;
      if (filled < length) continue;
      if (from + copied === piece.length) this.drop(index + 1, 0);
      else this.drop(index, from + copied);
      return joined;
    }
  }

  private drop(pieces: number, offset: number): void {
    this.pieces.drop(pieces);
    this.offset = offset;
  }
}

/** What a stream hands to its reader of a message that came in `encoding`; unpacked, it is `limit` bytes at most. */
export function messageOf({ body, compressed }: Frame, encoding: string, limit: number): Buffer | Packed {
  return compressed ? { length: body.length, unpack: () => decompress(body, encoding, limit) } : body;
}
