import type { OnReadOpts } from 'node:net';

/** Bytes that are read at a time. */
const INTAKE_BYTES = 128 * 1024;

/**
 * What a socket reads into, again and again: without it, node:net takes new memory for each read, which costs more than reading. What is
 * to be kept of it is copied.
 */
export class Intake {
  /** Told what was read. It holds until the next time. */
  receive: (bytes: Buffer) => void = () => undefined;

  private readonly buffer = Buffer.allocUnsafeSlow(INTAKE_BYTES);

  /** For `connect` of node:net. */
  readonly onread: OnReadOpts = {
    buffer: this.buffer,
    callback: (length) => {
      this.receive(this.buffer.subarray(0, length));
      return true;
    },
  };
}
