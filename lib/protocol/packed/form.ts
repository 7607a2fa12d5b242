import { Header } from '../headers.js';

/** Whether the head of a call says that its body is packed. */
export function isPacked(headers: Readonly<Record<string, string>>): boolean {
  return headers[Header.FORM] === 'packed';
}
