/** Bodies of so many bytes are written in one piece with their heads. */
export const JOINED_BYTES = 16 * 1024;

/** A body as text, to be written as Latin-1: none of its bytes is lost. */
export function latin1Of({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}
