import { Header, PACKED } from '../headers.js';

/** Media type of a packed body, where a wire names one. */
export const PACKED_TYPE = 'application/octet-stream';

/** Whether the head of a call says that its body is packed. */
export function isPacked(headers: Readonly<Record<string, string>>): boolean {
  return headers[Header.FORM] === PACKED;
}
