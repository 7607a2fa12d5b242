import type { GatheredBody } from './gathered-body.js';
import { LineReader } from './line-reader.js';
import { malformed } from './malformed.js';

/** Most bytes of the line before a chunk, or of all lines behind the last one. */
const MAX_LINES_BYTES = 32 * 1024;

/** A size, and extensions that mean nothing to us (RFC 9112, 7.1.1). */
const chunkLine = /^([0-9a-fA-F]{1,8})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;

/** Reads a body in chunks (RFC 9112, 7.1). What stands behind it is passed over. */
export class ChunkedBody {
  private readonly lines = new LineReader(MAX_LINES_BYTES);
  private stage: 'size' | 'chunk' | 'end of chunk' | 'behind' | 'over' = 'size';
  /** Bytes of the chunk that are still to come. */
  private missing = 0;

  constructor(private readonly body: GatheredBody) {}

  /** Whether all of it was read. */
  get isOver(): boolean {
    return this.stage === 'over';
  }

  /**
   * Reads on.
   *
   * @param from where to begin
   * @returns where it ended, or the end of the bytes
   * @throws Error when it is malformed; MeshError E0000000413 when it is over the limit
   */
  read(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && this.stage !== 'over') at = this.step(bytes, at);
    return at;
  }

  private step(bytes: Buffer, from: number): number {
    if (this.stage === 'chunk') return this.readChunk(bytes, from);
    const line = this.lines.next(bytes, from);
    if (line !== undefined) this.gotLine(line);
    return this.lines.position;
  }

  private readChunk(bytes: Buffer, from: number): number {
    const end = Math.min(bytes.length, from + this.missing);
    this.body.add(bytes.subarray(from, end));
    this.missing -= end - from;
    if (this.missing === 0) this.stage = 'end of chunk';
    return end;
  }

  private gotLine(line: string): void {
    if (this.stage === 'behind') {
      if (line === '') this.stage = 'over';
    } else if (this.stage === 'size') {
      this.gotSize(line);
    } else {
      if (line !== '') throw malformed('a chunk is longer than it says');
      this.stage = 'size';
    }
  }

  private gotSize(line: string): void {
    const size = chunkLine.exec(line)?.[1];
    if (size === undefined) throw malformed('a chunk begins without its size');
    this.missing = Number.parseInt(size, 16);
    this.stage = this.missing > 0 ? 'chunk' : 'behind';
    this.lines.reset();
  }
}
