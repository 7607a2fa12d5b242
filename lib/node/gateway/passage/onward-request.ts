import { Header } from '../../../protocol/headers.js';
import { nodesPassed } from '../../../protocol/interconnect.js';
import { endToEnd } from '../../../transport/hop-by-hop.js';
import type { OnwardRequest } from '../../../transport/onward.js';
import type { InboundPassage } from '../../../transport/transport.js';

/** Headers that this node deals with, or says itself. */
const DEALT_WITH: ReadonlySet<string> = new Set(['content-length', 'expect', 'forwarded']);

/**
 * A passage as it goes on: without what belongs to the connection that it came by, and with the word of this node on where it
 * came from. `host` stays; who called is added to `x-forwarded-for`; what the caller says of the host and of TLS is replaced by
 * what is so, and `forwarded` is dropped.
 *
 * @param nodeId id of this node
 * @throws MeshError E0000000503 when it has passed this node before, or too many nodes
 */
export function onwardRequest(passage: InboundPassage, nodeId: string): OnwardRequest {
  const { method, target, headers, length, upgrade, body, cancellation, scheme, peer } = passage;
  const sent: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(endToEnd(headers))) if (!DEALT_WITH.has(name)) sent[name] = value;
  sent['x-forwarded-for'] = [headers['x-forwarded-for'] ?? '', hostOf(peer)].filter((one) => one !== '').join(', ');
  sent['x-forwarded-proto'] = scheme;
  if (headers['host'] === undefined) delete sent['x-forwarded-host'];
  else sent['x-forwarded-host'] = headers['host'];
  sent[Header.NODES_PASSED] = [...nodesPassed(headers, nodeId), nodeId].join(',');
  return { method, target, headers: sent, length, upgrade, body, cancellation, trailers: () => passage.trailers() };
}

/** The host of a peer, an IPv6 address without brackets. */
function hostOf(peer: string): string {
  return peer.slice(0, peer.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1');
}
