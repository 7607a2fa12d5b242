import type { Writable } from 'node:stream';

const READY: Promise<void> = Promise.resolve();

/** Writes bytes; resolves when more may follow, or when the stream is closed, which its owner learns otherwise. */
export function writeBytes(stream: Writable, chunk: Uint8Array): Promise<void> {
  if (stream.destroyed || stream.write(chunk)) return READY;
  return new Promise((resolve) => {
    const go = (): void => {
      stream.off('drain', go).off('close', go);
      resolve();
    };
    stream.on('drain', go).on('close', go);
  });
}
