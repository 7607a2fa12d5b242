import type { Writable } from 'node:stream';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { writeBytes } from '../byte-writer.js';

/**
 * Writes a body as it comes, no faster than it is read at the other end, and checks that it has as many bytes as was said: what
 * is more would be the next request to who reads it.
 *
 * @param length how many bytes were announced; `undefined` when none were
 * @param onTouched told before the first byte is asked for
 * @throws MeshError E0000000400 when there are more bytes than announced, or less; what the body throws
 */
export async function pump(
  body: AsyncIterable<Uint8Array>,
  stream: Writable,
  length: number | undefined,
): Promise<void> {
  let sent = 0;
  for await (const chunk of body) {
    sent += chunk.length;
    if (length !== undefined && sent > length) throw unfit(length);
    if (stream.destroyed) return;
    await writeBytes(stream, chunk);
    if (stream.destroyed) return;
  }
  if (length !== undefined && sent < length) throw unfit(length);
}

function unfit(length: number): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, `the body has not the ${length} bytes that were announced`);
}
