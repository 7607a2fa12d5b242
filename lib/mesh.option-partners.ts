import { CODEC } from './codec/codec.js';
import { fieldFormats } from './codec/formats.js';
import type { ExtensionRegistry } from './kernel/extension-registry.js';
import { Partner } from './node/partners/partner.js';
import { PartnerTable } from './node/partners/partner-table.js';
import type { Partners } from './node/partners/partners.js';
import type { ResolvedMeshOptions } from './options/mesh-options.js';
import { DIALECT } from './protocol/dialect.js';

/** The partners of the options, as a gateway looks them up. */
export function optionPartners(
  extensions: ExtensionRegistry,
  { partners }: ResolvedMeshOptions,
): Pick<Partners, 'find' | 'knows'> {
  const formats = fieldFormats(extensions.all(CODEC));
  const table = new PartnerTable(
    partners.map((route) => new Partner(route, extensions.get(DIALECT, route.dialect), formats)),
  );
  const found = ({ nodeId = '', instId = '' }: Parameters<Partners['find']>[0]): Partner => {
    const parties = { sourceNodeId: '', sourceInstId: '', targetNodeId: nodeId, targetInstId: instId };
    try {
      return table.find(parties);
    } catch (error) {
      if (nodeId === '' || instId === '') throw error;
      return table.find({ ...parties, targetNodeId: '' });
    }
  };
  return {
    find: found,
    knows: (target) => {
      try {
        return found(target) !== undefined;
      } catch {
        return false;
      }
    },
  };
}
