import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import type { Form, Hello } from './hello.js';
import { VERSIONS } from './wire.js';

/** What of the options is said to the other side. */
export type HelloOptions = Pick<ResolvedMeshOptions, 'limits' | 'nodeId' | 'instId'>;

/** Calls and streams taken at a time on one connection. */
const MAX_CALLS = 10_000;

/** Bytes of a stream's messages that may be under way unread. */
const WINDOW_BYTES = 1024 * 1024;

/** Bytes of large messages of calls that may be under way at a time. */
const BULK_BYTES = 32 * 1024 * 1024;

/** What is remembered of headers on one connection, each way. */
const TABLE = { pairs: 1_024, characters: 128 * 1024, heads: { count: 256, characters: 4_096 } };

/** Forms of bodies that are understood. */
const FORMS: ReadonlySet<Form> = new Set(['packed']);

/** What this process says of itself when a connection begins. */
export function ownHello({ limits, nodeId, instId }: HelloOptions): Hello {
  return {
    versions: VERSIONS,
    maxMessageBytes: Math.min(limits.maxBodyBytes, 0xffff_ffff),
    maxCalls: MAX_CALLS,
    windowBytes: WINDOW_BYTES,
    bulkBytes: BULK_BYTES,
    table: TABLE,
    forms: FORMS,
    nodeId,
    instId,
  };
}
