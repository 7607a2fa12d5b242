import { formatAddress, parseAddress } from './parse-address.js';
import type { Problems } from './problems.js';

/** Port of a node's outer side: the one used where no address names any. */
export const DEFAULT_PARTNER_PORT = 7304;

/**
 * Reads addresses separated by commas. A host without a port takes that of the next one that has one, as in `a,b,c:7304`;
 * behind the last of those, that of the one before; where none has any, 7304.
 *
 * @param name what the problems call the text, such as `partners[0].address`
 * @returns `undefined` when one of them is no address, or there is none
 */
export function parseAddresses(text: string, name: string, problems: Problems): readonly string[] | undefined {
  const parts = text.split(',').map((part) => part.trim());
  const named = parts.filter((part) => part !== '');
  if (named.length === 0) return problems.note(`${name} must name at least one address, got none`);
  const complete: string[] = [];
  let port = portOf(named.findLast((part) => portOf(part) !== undefined)) ?? DEFAULT_PARTNER_PORT;
  for (const part of named.toReversed()) {
    const address = parseAddress(part, port);
    if (!address || address.port === 0) return problems.refuse(name, EXPECTED, part);
    ({ port } = address);
    complete.unshift(formatAddress(address));
  }
  return complete;
}

const EXPECTED = 'host:port, or several separated by commas, such as 10.0.0.7,10.0.0.8:7304';

function portOf(address: string | undefined): number | undefined {
  return address === undefined ? undefined : parseAddress(address)?.port;
}
