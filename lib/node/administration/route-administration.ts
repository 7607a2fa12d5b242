import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { sameId } from '../../protocol/urn.js';
import { refusal, WireFields } from '../../protocol/wire-fields.js';
import { type PartnerRoute, RouteStatus } from '../partners/partner-route.js';
import type { Partners } from '../partners/partners.js';
import { readRoute } from '../partners/read-route.js';
import { type WireRoute, writeRoute } from '../partners/write-route.js';
import type { InTurn } from './in-turn.js';
import type { Journal } from './journal.js';
import type { OwnRoute } from './own-route.js';
import { isStatus, statusByHand, withStatus } from './route-status.js';

/** What a {@link RouteAdministration} works with. */
export interface RouteAdministrationParts {
  readonly partners: Partners;
  readonly journal: Journal;
  /** Changes are made one after the other. */
  readonly changes: InTurn;
  /** What is known of the way to this very node. */
  ownRoute(): OwnRoute;
}

/** Most routes of one call. */
const MAX_ROUTES = 1_024;

/** Shows and changes the routes to partners, for operators. */
export class RouteAdministration {
  constructor(private readonly parts: RouteAdministrationParts) {}

  /** Every route, without its secrets. */
  edges(): readonly WireRoute[] {
    return this.parts.partners.list().map(writeRoute);
  }

  /** The route to a node, or to the node of an institution, without its secrets; to this very node as far as known; `null` where there is none. */
  edge(id: string): WireRoute | OwnRoute | null {
    const { partners, ownRoute } = this.parts;
    const own = ownRoute();
    if (id === '' || sameId(id, own.node_id) || sameId(id, own.inst_id)) return own;
    const found = partners.route(id) ?? partners.list().find(({ instId }) => sameId(instId, id));
    return found ? writeRoute(found) : null;
  }

  /**
   * Enters routes by hand, in the place of those to the same nodes: woven from now on, unless their status says otherwise. What is
   * not said stays as it is. A route whose status has the bit 64 is dropped. All are read before the first is taken; what is refused
   * then, does not keep the others from being taken.
   *
   * @param values routes as they stand on the wire
   * @param by address of the operator
   * @throws MeshError E0000000400 that names the route and what is wrong; E0000000413 for too many; what `Partners` refuses one with
   */
  async refresh(values: unknown, by: string): Promise<readonly PartnerRoute[]> {
    if (!Array.isArray(values)) throw refusal('routes', 'an array', values);
    if (values.length > MAX_ROUTES) {
      throw new MeshError(MeshCode.MESSAGE_TOO_LONG, `${values.length} routes at once are more than ${MAX_ROUTES}`);
    }
    return this.parts.changes.run(async () => {
      const routes = values.map((value: unknown, index) => this.read(value, `routes[${index}]`));
      const taken = await Promise.allSettled(routes.map((route) => this.take(route, by)));
      for (const one of taken) if (one.status === 'rejected') throw one.reason;
      return routes;
    });
  }

  /** Switches the route to a node off, or on again. @throws MeshError E0000000618 when there is none */
  async switch(nodeId: string, to: 'off' | 'on', by: string): Promise<void> {
    const { partners, journal, changes } = this.parts;
    await changes.run(async () => {
      const route = partners.route(nodeId);
      if (!route) throw new MeshError(MeshCode.NOT_IN_NETWORK, `the node ${JSON.stringify(nodeId)} is no partner`);
      const { status } = route.details;
      const { DISABLED } = RouteStatus;
      await partners.put(withStatus(route, to === 'off' ? status | DISABLED : status & ~DISABLED));
      journal.changed(`switches the route to ${route.nodeId} ${to}`, by);
    });
  }

  private read(value: unknown, path: string): PartnerRoute {
    const { partners } = this.parts;
    const route = readRoute(value, (nodeId) => partners.route(nodeId), path);
    const said = new WireFields(path, value).count('status');
    const before = partners.route(route.nodeId)?.details.status ?? 0;
    return withStatus(route, statusByHand(said, before));
  }

  private async take(route: PartnerRoute, by: string): Promise<void> {
    const { partners, journal } = this.parts;
    if (isStatus(route.details.status, RouteStatus.REMOVED)) {
      if (await partners.remove(route.nodeId)) journal.changed(`drops the route to ${route.nodeId}`, by);
      return;
    }
    await partners.put(route);
    journal.changed(`enters the route to ${route.nodeId}, status ${route.details.status}`, by);
  }
}
