import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';

/** Most packets of one message: at 1 MiB each, 64 GiB. */
const MAX_PACKETS = 65_536;

/** The topic on which the reference Python SDK sends part `index` of the messages of a topic: 0 is the count. */
export function splitTopic(topic: string, index: number): string {
  return `${topic}-mesh-split-${index}`;
}

/** A message in packets of at most `packetBytes`; an empty message is one empty packet. They are views, not copies. */
export function splitPayload(payload: Uint8Array, packetBytes: number): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let at = 0; at < payload.byteLength; at += packetBytes) packets.push(payload.subarray(at, at + packetBytes));
  return packets.length > 0 ? packets : [payload];
}

/** The count of packets as it is sent: in decimal. */
export function formatPacketCount(count: number): Uint8Array {
  return Buffer.from(String(count));
}

/** @throws MeshError E0000000616 when it is no count, or too large a one */
export function parsePacketCount(payload: Uint8Array): number {
  const text = Buffer.from(payload).toString('latin1').trim();
  const count = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (count >= 0 && count <= MAX_PACKETS) return count;
  const shown = JSON.stringify(text.slice(0, 32));
  throw new MeshError(MeshCode.ENCODING, `a count of packets must be a number up to ${MAX_PACKETS}, got ${shown}`);
}
