import { toMeshError } from './errors/from-unknown.js';
import { MeshError } from './errors/mesh-error.js';
import type { ExtensionRegistry } from './kernel/extension-registry.js';
import { ForwardPort } from './node/forward-port.js';
import { Partner } from './node/partners/partner.js';
import { PartnerTable } from './node/partners/partner-table.js';
import type { WayParts } from './node/way.js';
import type { ResolvedMeshOptions } from './options/mesh-options.js';
import type { ResolvedPartner } from './options/partner-options.js';
import { DIALECT, type FieldFormats } from './protocol/dialect.js';
import type { SessionPort } from './session/handle/session-port.js';

/**
 * Joins the partners of the options to what hands requests to them.
 *
 * @throws MeshError E0000000404, E0000000616 or E0000000400 when a partner's dialect or content type is not there, or the one
 * does not go with the other; the message names the option
 */
export function joinPartners(extensions: ExtensionRegistry, options: ResolvedMeshOptions, ways: WayParts): SessionPort {
  const partners = options.partners.map((route, index) => partnerOf(extensions, route, index, ways.formats));
  return new ForwardPort({ ...ways, own: options, partners: new PartnerTable(partners) });
}

function partnerOf(
  extensions: ExtensionRegistry,
  route: ResolvedPartner,
  index: number,
  formats: FieldFormats,
): Partner {
  try {
    return new Partner(route, extensions.get(DIALECT, route.dialect), formats);
  } catch (error) {
    const { code, message } = toMeshError(error);
    throw new MeshError(code, `partners[${index}]: ${message}`, { cause: error });
  }
}
