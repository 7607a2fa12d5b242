import { Partner } from '../../lib/node/partners/partner.js';
import type { PartnerRoute, RouteDetails } from '../../lib/node/partners/partner-route.js';
import { PartnerTable, type PartnerTableParts } from '../../lib/node/partners/partner-table.js';
import { readRoute } from '../../lib/node/partners/read-route.js';
import { formats, standard } from './dialect-fixtures.js';

/** The node whose partners they are. */
export const OWN = 'LX1';

/** A route of administration. */
export function routeTo(nodeId: string, said: object = {}, details: Partial<RouteDetails> = {}): PartnerRoute {
  return readRoute({ nodeId, address: `${nodeId.toLowerCase()}:1`, ...said, ...details });
}

/** A table without partners, which keeps nothing unless told to. */
export function tableOf(parts: Partial<PartnerTableParts> = {}): PartnerTable {
  const partner = (route: PartnerRoute): Partner => new Partner(route, standard, formats);
  return new PartnerTable({ ownNodeId: OWN, partner, ...parts });
}
