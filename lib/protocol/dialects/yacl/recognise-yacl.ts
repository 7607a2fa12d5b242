import type { RawRequest } from '../../dialect.js';
import { Header } from '../../headers.js';

/** The vendor's code as yacl misspells it. */
const MISSPELT = 'x-ptp-tecn-provider-code';

/** Content types of bodies that are bytes and nothing else. */
const RAW_TYPES: ReadonlySet<string> = new Set(['', 'application/octet-stream']);

/**
 * How surely a request comes from yacl. Its header is misspelt, its topic always a header, its body never a message, and its
 * pop has the wait in the query. Others have copied the misspelling, but not the rest.
 */
export function recogniseYacl({ operation, wire, headers, query, contentType }: RawRequest): number {
  const isMisspelt = Boolean(headers[MISSPELT]);
  const hasTopic = Boolean(headers[Header.TOPIC]);
  if (wire === 'grpc') return isMisspelt ? 4 : 0;
  if (isMisspelt && (hasTopic || RAW_TYPES.has(contentType))) return 4;
  if (operation === 'pop' && /(?:^|&)timeout=/.test(query)) return 4;
  return operation === 'push' && hasTopic && RAW_TYPES.has(contentType) ? 4 : 0;
}
