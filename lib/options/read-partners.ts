import * as check from './checks.js';
import type { ResolvedMeshOptions } from './mesh-options.js';
import { isRecord, type OptionReader, readObject } from './option-reader.js';
import { parseAddresses } from './parse-addresses.js';
import type { ResolvedPartner } from './partner-options.js';
import { DEFAULT_PEER_TRANSPORT, PEER_TRANSPORTS, wireOf } from './peer-transport.js';
import type { Problems } from './problems.js';

const TIMEOUT_MS = 20_000;
const PROTOBUF = 'application/x-protobuf';

/** Reads `partners`. A node has one entry, and this node itself has none. */
export function readPartners(
  reader: OptionReader,
  own: Pick<ResolvedMeshOptions, 'nodeId'>,
  problems: Problems,
): readonly ResolvedPartner[] {
  const partners = reader.take('partners', check.listOf(partner), () => []);
  const named = new Map<string, number>();
  partners.forEach(({ nodeId }, index) => {
    const name = `partners[${index}].nodeId`;
    const id = nodeId.toLowerCase();
    const before = named.get(id);
    if (id === '') return;
    if (id === own.nodeId.toLowerCase()) problems.note(`${name} must be another node, got this node's own '${nodeId}'`);
    if (before !== undefined) {
      problems.note(`${name} must be a node without another entry, got '${nodeId}', which partners[${before}] has`);
    }
    named.set(id, before ?? index);
  });
  return partners;
}

const partner: check.Check<ResolvedPartner> = (value, name, problems) => {
  if (!isRecord(value)) return problems.refuse(name, 'an object', value);
  return readObject(name, value, problems, (reader) => ({
    nodeId: reader.takeRequired('nodeId', check.partyId) ?? '',
    instId: reader.take('instId', check.partyId, () => ''),
    addresses: reader.takeRequired('address', partnerAddresses) ?? [],
    ...readWay(reader, name, problems),
  }));
};

/** How what is meant for a partner gets to its node, once an address is chosen. */
export type Way = Omit<ResolvedPartner, 'nodeId' | 'instId' | 'addresses'>;

/**
 * Reads how a partner is reached.
 *
 * @param name what the problems call the partner, such as `partners[0]`
 */
export function readWay(reader: OptionReader, name: string, problems: Problems): Way {
  const transport = reader.take('transport', check.oneOf(...PEER_TRANSPORTS), () => DEFAULT_PEER_TRANSPORT);
  const via = reader.take('via', check.oneOf('invoke', 'transport'), () => 'invoke' as const);
  const mode = reader.takeOptional('mode', check.oneOf('pass-through', 'wrapped'));
  const contentType = reader.takeOptional('contentType', check.mediaType);
  if (contentType !== undefined && wireOf(transport) === 'grpc') {
    problems.note(`${name}.contentType is for the transport 'http' only: over the others everything is protobuf`);
  }
  if (via === 'transport' && transport === 'http') {
    problems.note(`${name}.via must be 'invoke' with the transport 'http', which carries no streams, got 'transport'`);
  }
  if (via === 'transport' && mode === 'pass-through') {
    problems.note(`${name}.mode must be 'wrapped' with via 'transport', got 'pass-through'`);
  }
  return {
    transport,
    mode: mode ?? (via === 'transport' ? 'wrapped' : 'pass-through'),
    dialect: reader.take('dialect', check.extensionName, () => 'standard'),
    contentType: contentType ?? PROTOBUF,
    timeoutMs: reader.take('timeoutMs', check.milliseconds(1), () => TIMEOUT_MS),
    via,
  };
}

/** Where a partner's node listens: one text, or several. */
export const partnerAddresses: check.Check<readonly string[]> = (value, name, problems) => {
  if (typeof value === 'string') return parseAddresses(value, name, problems);
  if (!Array.isArray(value)) return problems.refuse(name, 'a text or an array of texts', value);
  if (value.length === 0) return problems.note(`${name} must name at least one address, got none`);
  const found = value.map((one: unknown, index) => {
    const item = `${name}[${index}]`;
    return typeof one === 'string' ? parseAddresses(one, item, problems) : problems.refuse(item, 'a text', one);
  });
  return [...new Set(found.flatMap((some) => some ?? []))];
};
