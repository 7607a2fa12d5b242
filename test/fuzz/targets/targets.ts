import type { Target } from '../target.js';
import { CLIENT } from './client.js';
import { PLAIN_REQUEST } from './plain-request.js';
import { READERS } from './readers.js';
import { SERVER } from './server.js';

/** All that is fuzzed, and how much of the time each has. */
export const TARGETS: readonly (readonly [target: Target, share: number])[] = [
  [SERVER, 8],
  [CLIENT, 6],
  [PLAIN_REQUEST, 2],
  ...READERS.map((reader) => [reader, 1] as const),
];
