import { InTurn } from '../../lib/node/administration/in-turn.js';
import { Journal } from '../../lib/node/administration/journal.js';
import type { NodeHerald } from '../../lib/node/administration/node-herald.js';
import { RouteAdministration } from '../../lib/node/administration/route-administration.js';
import { Weaving } from '../../lib/node/administration/weaving.js';
import { WeavingRequests } from '../../lib/node/administration/weaving-requests.js';
import { toMeshError } from '../../lib/errors/from-unknown.js';
import { failureEnvelope, successEnvelope } from '../../lib/protocol/envelope.js';
import type { PartnerRoute } from '../../lib/node/partners/partner-route.js';
import { Partner } from '../../lib/node/partners/partner.js';
import { PartnerTable } from '../../lib/node/partners/partner-table.js';
import { formats, standard } from './dialect-fixtures.js';

/** What two nodes say to each other, and what the one that is asked makes of it. */
export type Tell = NodeHerald['tell'];

/** The administration of a node that has no wire. */
export interface Side {
  readonly nodeId: string;
  readonly partners: PartnerTable;
  readonly weaving: Weaving;
  readonly requests: WeavingRequests;
  readonly routes: RouteAdministration;
  /** Everything that was logged. */
  readonly logged: string[];
  /** Everything that was told to other nodes. */
  readonly told: Parameters<Tell>[];
  status(nodeId: string): number | undefined;
  /** Passes the time. */
  pass(ms: number): void;
}

/** A journal that can be read. */
class OpenJournal extends Journal {
  readonly lines: string[] = [];
  override changed(what: string, by: string): void {
    this.lines.push(`${what}, by ${by}`);
  }
  override refused(what: string, by: string): void {
    this.lines.push(`refused: ${what}, by ${by}`);
  }
}

/** Partners of a node that are kept nowhere. */
export function partnersOf(nodeId: string): PartnerTable {
  const partner = (route: PartnerRoute) => new Partner(route, standard, formats);
  return new PartnerTable({ ownNodeId: nodeId, partner });
}

/** A node. @param tell carries what it tells another; by default nobody is there */
export function sideOf(nodeId: string, tell: Tell): Side {
  const partners = partnersOf(nodeId);
  const journal = new OpenJournal();
  const changes = new InTurn();
  const told: Parameters<Tell>[] = [];
  let passed = 0;
  const herald: Pick<NodeHerald, 'tell'> = {
    tell: (...what) => {
      told.push(what);
      return tell(...what);
    },
  };
  const own = { node_id: nodeId, inst_id: `${nodeId}-inst`, name: nodeId, inst_name: '', address: `${nodeId}:7304` };
  const ownRoute = { ...own, root_crt: `root of ${nodeId}`, host_crt: '' };
  return {
    nodeId,
    partners,
    weaving: new Weaving({ partners, herald, journal, changes, ownRoute: async () => ownRoute }),
    requests: new WeavingRequests({ partners, journal, changes, now: () => passed }),
    routes: new RouteAdministration({ partners, journal, changes, ownRoute: () => ownRoute }),
    logged: journal.lines,
    told,
    status: (id) => partners.route(id)?.details.status,
    pass: (ms) => {
      passed += ms;
    },
  };
}

/** Hands what a node tells to the requests of another, and brings the answer as its envelope. */
export function carriedTo(side: () => Side): Tell {
  return async (_, step, own) => {
    const { requests } = side();
    try {
      await (step === 'weave' ? requests.asked(own, 'a:1') : requests.consented(own, 'a:1'));
      return successEnvelope(null);
    } catch (error) {
      return failureEnvelope(toMeshError(error));
    }
  };
}
