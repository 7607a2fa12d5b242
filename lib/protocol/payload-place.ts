/** Where a large payload stands in what is written: `within` the body, or `behind` it, where whoever sends it need not copy it. */
export type PayloadPlace = 'within' | 'behind';

/** Smaller payloads are copied: that costs less than a part of its own. In bytes. */
const MIN_BEHIND = 32 * 1_024;

/** Whether a payload is to stand behind what else is written. */
export function standsBehind(payload: Uint8Array, place: PayloadPlace): boolean {
  return place === 'behind' && payload.byteLength >= MIN_BEHIND;
}
