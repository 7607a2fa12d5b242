import type { DirectRule } from './mesh-options.js';
import { address } from './checks.js';
import type { Problems } from './problems.js';

/**
 * Reads the text of `MESH_DIRECT`: entries separated by commas, each `prefix=host:port` or `name@node=host:port`. Spaces
 * around an entry and empty entries do not matter; port 570 is taken where an address names none.
 *
 * The reference SDK passes over an entry that it does not understand, and over one with an empty node, so that calls
 * silently go elsewhere. Here they are problems.
 *
 * @param name what the problems call the text, such as `MESH_DIRECT`
 */
export function parseDirect(text: string, name: string, problems: Problems): readonly DirectRule[] {
  const entries = text.split(',').map((entry) => entry.trim());
  return entries.filter((entry) => entry !== '').flatMap((entry) => parseEntry(entry, name, problems) ?? []);
}

const ENTRY = /^([^=@]*)(?:@([^=@]*))?=([^=]*)$/;

function parseEntry(entry: string, name: string, problems: Problems): DirectRule | undefined {
  const match = ENTRY.exec(entry);
  if (!match) return problems.refuse(`each entry of ${name}`, 'prefix=host:port or name@node=host:port', entry);
  const [, service = '', nodeId, target = ''] = match.map((part) => part?.trim());
  const to = address(target, `the address of '${entry}' in ${name}`, problems);
  if (to === undefined) return undefined;
  if (nodeId === undefined) return { kind: 'prefix', prefix: service, address: to };
  if (nodeId === '' || service === '') {
    return problems.refuse(`each entry of ${name}`, 'name@node=host:port with both name and node', entry);
  }
  return { kind: 'exact', service, nodeId, address: to };
}
