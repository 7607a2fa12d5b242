import type { OnReadOpts } from 'node:net';

/** Bytes that are read at a time. */
const INTAKE_BYTES = 128 * 1024;

/** One for all: what a socket has read is taken before another reads. */
const buffer = Buffer.allocUnsafeSlow(INTAKE_BYTES);

/**
 * What a socket reads into, again and again: without it, node:net takes new memory for each read, which costs more than reading. What is
 * to be kept of it is copied.
 */
export class Intake {
  /** Told what was read. It holds until this returns. */
  receive: (bytes: Buffer) => void = () => undefined;

  /** For `connect` of node:net. */
  readonly onread: OnReadOpts = {
    buffer,
    callback: (length) => {
      this.receive(buffer.subarray(0, length));
      return true;
    },
  };
}
