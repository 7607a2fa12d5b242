import type { SessionMessage } from '../store.js';

/** Memory that may be wasted for a payload without being copied, in bytes; larger payloads may waste as much as they are. */
const MAX_WASTE = 1_024;

/**
 * A payload is usually a view of a network buffer, which stays in memory as long as the payload does. Where the buffer is
 * much larger than the payload, the payload is copied to memory of its own.
 */
export function ownPayload(message: SessionMessage): SessionMessage {
  const { payload } = message;
  const waste = payload.buffer.byteLength - payload.byteLength;
  if (waste <= Math.max(MAX_WASTE, payload.byteLength)) return message;
  // Not from Node's pool, which is such a buffer itself.
  const copy = Buffer.allocUnsafeSlow(payload.byteLength);
  copy.set(payload);
  return { ...message, payload: copy };
}

/** What a message counts, in bytes: its payload and, as characters, its metadata. */
export function sizeOf({ payload, metadata }: SessionMessage): number {
  let size = payload.byteLength;
  for (const name in metadata) size += name.length + (metadata[name]?.length ?? 0);
  return size;
}
