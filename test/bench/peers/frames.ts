/** Length of the body and number of the call, four bytes each. */
const HEAD_BYTES = 8;

/** What is gathered is passed on at the latest when it has so many bytes. */
const MOST_GATHERED = 256 * 1_024;

/** Receives a frame: the number of the call and its body. */
export type OnFrame = (id: number, body: Buffer) => void;

/** A frame as it is sent. Its body is not copied. */
export function frameOf(id: number, body: Buffer): readonly [head: Buffer, body: Buffer] {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUInt32BE(body.length, 0);
  head.writeUInt32BE(id, 4);
  return [head, body];
}

/** Gathers the frames of one tick, and passes them on together. */
export class FrameGatherer {
  private parts: Buffer[] = [];
  private bytes = 0;

  /** @param pass is given what was gathered, and its size */
  constructor(private readonly pass: (parts: readonly Buffer[], bytes: number) => void) {}

  readonly add: OnFrame = (id, body) => {
    if (this.parts.length === 0) setImmediate(this.flush);
    this.parts.push(...frameOf(id, body));
    this.bytes += HEAD_BYTES + body.length;
    if (this.bytes >= MOST_GATHERED) this.flush();
  };

  private readonly flush = (): void => {
    if (this.parts.length === 0) return;
    const { parts, bytes } = this;
    this.parts = [];
    this.bytes = 0;
    this.pass(parts, bytes);
  };
}

/** Finds the frames in what arrives, in whatever pieces. */
export class FrameReader {
  private rest: Buffer | undefined;
  /** A body that is not here as a whole, and how much of it is. */
  private body: { readonly id: number; readonly bytes: Buffer; filled: number } | undefined;

  constructor(private readonly onFrame: OnFrame) {}

  readonly read = (chunk: Buffer): void => {
    let bytes = this.rest ? Buffer.concat([this.rest, chunk]) : chunk;
    this.rest = undefined;
    if (this.body) bytes = this.fill(this.body, bytes);
    let at = 0;
    while (bytes.length - at >= HEAD_BYTES) {
      const length = bytes.readUInt32BE(at);
      const id = bytes.readUInt32BE(at + 4);
      at += HEAD_BYTES;
      if (bytes.length - at < length) {
        this.body = { id, bytes: Buffer.allocUnsafeSlow(length), filled: 0 };
        this.fill(this.body, bytes.subarray(at));
        return;
      }
      this.onFrame(id, bytes.subarray(at, at + length));
      at += length;
    }
    if (at < bytes.length) this.rest = bytes.subarray(at);
  };

  /** @returns what is left behind the body */
  private fill(body: { readonly id: number; readonly bytes: Buffer; filled: number }, bytes: Buffer): Buffer {
    const copied = bytes.copy(body.bytes, body.filled);
    body.filled += copied;
    if (body.filled === body.bytes.length) {
      this.body = undefined;
      this.onFrame(body.id, body.bytes);
    }
    return bytes.subarray(copied);
  }
}
