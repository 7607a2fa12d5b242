import type { Partner } from './partner.js';
import type { PartnerRoute, RouteChange } from './partner-route.js';

/** Whom something is meant for: a node, an institution, or both. Empty or absent where nobody says. Compared without case. */
export interface PartnerTarget {
  readonly nodeId?: string | undefined;
  readonly instId?: string | undefined;
}

/** The partners of this node, as they are at the moment. */
export interface Partners {
  /**
   * Whom something is to be handed to: the node that is named; else, or where that node is unknown, the node of the institution
   * that is named.
   *
   * @throws MeshError E0000000618 when that is no partner, or not one any more or yet; E0000000605 when the agreement with it has
   * expired; E0000000606 when it is disabled
   */
  find(target: PartnerTarget): Partner;
  /** Whether a target is a partner, be it one that cannot be called at the moment. */
  knows(target: PartnerTarget): boolean;
  /** The route to a node; `undefined` when it is no partner. */
  route(nodeId: string): PartnerRoute | undefined;
  /** Every route, in the order in which they came. */
  list(): readonly PartnerRoute[];
  /**
   * Takes a route, in the place of the one to the same node. Resolves once it is kept where routes are kept.
   *
   * @throws MeshError E0000000400 for a route to this very node, without an address, or with what cannot be spoken; E0000000404
   * or E0000000616 when nothing here speaks its dialect or content type; E0000000614 when there is one of options or a file, which
   * only they can change; E0000000700 when there is no room; E0000000500 when it cannot be kept: nothing has changed then
   */
  put(route: PartnerRoute): Promise<void>;
  /** Drops the route to a node; whether there was one. @throws MeshError E0000000614 as {@link put} */
  remove(nodeId: string): Promise<boolean>;
  /**
   * Tells of every change from now on, after it was made. What a watcher throws concerns nobody else.
   * @returns ends it
   */
  watch(watcher: (change: RouteChange) => void): () => void;
}
