import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { Header } from '../../protocol/headers.js';
import { sameId } from '../../protocol/urn.js';
import type { WireHeaders } from '../../transport/transport.js';
import type { PartnerTarget } from '../partners/partners.js';

/** Each header that names a target, and how the asyncio generation of the reference SDK spells it. */
const NODE = [Header.TARGET_NODE_ID, 'mesh-target-node-id'] as const;
const INST = [Header.TARGET_INST_ID, 'mesh-target-inst-id'] as const;

/**
 * Whom the headers of a call name: the node first, the institution second. `undefined` when they name nobody, `here` when
 * they name this node.
 *
 * @param isOwn whether an id stands for this node
 * @throws MeshError E0000000400 when a header says two things
 */
export function namedTarget(headers: WireHeaders, isOwn: (id: string) => boolean): PartnerTarget | 'here' | undefined {
  const nodeId = idIn(headers, NODE);
  if (nodeId !== '' && isOwn(nodeId)) return 'here';
  const instId = idIn(headers, INST);
  if (nodeId !== '') return { nodeId, instId };
  if (instId === '') return undefined;
  return isOwn(instId) ? 'here' : { nodeId, instId };
}

function idIn(headers: WireHeaders, [name, other]: readonly [string, string]): string {
  const value = headers[name];
  const alias = headers[other];
  if (!value && !alias) return '';
  const id = (value || alias) as string;
  // What is sent twice arrives as one value with a comma in it.
  if (id.includes(',') || (value && alias && !sameId(value, alias))) throw contradiction(name, value, alias);
  return id;
}

function contradiction(name: string, ...values: readonly (string | undefined)[]): MeshError {
  const shown = values.filter(Boolean).map((value) => JSON.stringify(value!.slice(0, 100)));
  return new MeshError(
    MeshCode.INVALID_REQUEST,
    `the header '${name}' must name one target, got ${shown.join(' and ')}`,
  );
}
