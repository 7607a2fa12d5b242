import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import { formatAddress, parseAddress } from '../../options/parse-address.js';
import { outgoingHost } from '../registry/outgoing-host.js';
import type { NodeDescription } from './node-description.js';

/** The way to this very node, as partners are told it. */
export interface OwnRoute {
  readonly node_id: string;
  readonly inst_id: string;
  readonly name: string;
  readonly inst_name: string;
  /** Where partners reach it, separated by commas; empty when that is not known. */
  readonly address: string;
  readonly root_crt: string;
  readonly host_crt: string;
}

/** What is known of this node. */
export interface OwnRouteParts {
  readonly own: Pick<ResolvedMeshOptions, 'nodeId' | 'instId' | 'name'>;
  readonly description: NodeDescription;
  /** The address that listens for partners, as it is bound; empty when none does. */
  boundAddress(): string;
}

/**
 * The way to this node, for a partner.
 *
 * @param towards where the partner is: of several addresses of this machine, that one counts by which it is reached
 * @throws MeshError E0000000400 when nobody has said where partners reach this node, and it cannot be found out
 */
export async function ownRouteFor(parts: OwnRouteParts, towards: string): Promise<OwnRoute> {
  const route = ownRoute(parts);
  const address = route.address || (await advertised(parts.boundAddress(), towards));
  if (address !== '') return { ...route, address };
  const message = "partners do not know where to reach this node: say its 'address' at /v1/interconn/node/refresh";
  throw new MeshError(MeshCode.INVALID_REQUEST, message);
}

/** What is known of the way to this node without asking anybody. */
export function ownRoute({ own, description, boundAddress }: OwnRouteParts): OwnRoute {
  const { inst_name, root_crt, node_crt } = description.environ();
  const bound = parseAddress(boundAddress());
  return {
    node_id: own.nodeId,
    inst_id: own.instId,
    name: own.name,
    inst_name,
    address: description.address || (bound && !isAnyHost(bound.host) ? formatAddress(bound) : ''),
    root_crt,
    host_crt: node_crt,
  };
}

async function advertised(bound: string, towards: string): Promise<string> {
  const place = parseAddress(bound);
  if (!place) return '';
  const host = await outgoingHost(towards).catch(() => '');
  return host === '' ? '' : formatAddress({ host, port: place.port });
}

function isAnyHost(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
