import type { PartnerOptions } from '../../options/partner-options.js';
import type { PartnerRoute, RouteChange, RouteDetails } from './partner-route.js';
import type { Partners } from './partners.js';
import { readRoute } from './read-route.js';

/** A partner, as one says it at run time: as in the options, with what is said of it besides. */
export interface PartnerInit extends Omit<PartnerOptions, 'address'> {
  /** Where the node listens, as in {@link PartnerOptions}. Default: as it is known already. */
  address?: PartnerOptions['address'];
  /** The same, as {@link PartnerRoute} has it. */
  addresses?: readonly string[];
  /** What is said of it besides; what is absent is as it was. */
  details?: Partial<RouteDetails>;
}

/**
 * The partners of this application, as they are at the moment: inject it to look them up, to change them, or to watch. It may be
 * used from `onModuleInit` on. What is changed here is kept where `node.dataDir` says, else in memory.
 */
export class MeshPartners {
  /** @internal provided by `MeshModule` */
  constructor(private readonly used: () => Partners) {}

  /** The partners, in the order in which they came. */
  list(): readonly PartnerRoute[] {
    return this.used().list();
  }

  /** The route to a node; `undefined` when it is no partner. */
  route(nodeId: string): PartnerRoute | undefined {
    return this.used().route(nodeId);
  }

  /**
   * Takes a partner. Of one that is there already, what is not said stays as it was. Resolves once it is kept.
   *
   * @throws MeshError E0000000400 for what is malformed, a route to this very node, or one without an address; E0000000404 or
   * E0000000616 for a dialect or content type that nothing here speaks; E0000000614 for a partner of the options or of a file;
   * E0000000700 when there is no room; E0000000500 when it cannot be kept: nothing has changed then
   */
  async put({ details, ...way }: PartnerInit): Promise<void> {
    const partners = this.used();
    await partners.put(readRoute({ ...way, ...details }, (nodeId) => partners.route(nodeId), 'partner'));
  }

  /** Drops the partner with this node; whether there was one. @throws MeshError as {@link put} */
  remove(nodeId: string): Promise<boolean> {
    return this.used().remove(nodeId);
  }

  /**
   * Tells of every change from now on, wherever it comes from, after it was made. What a watcher throws concerns nobody else.
   * @returns ends it
   */
  watch(watcher: (change: RouteChange) => void): () => void {
    return this.used().watch(watcher);
  }
}
