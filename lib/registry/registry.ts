import { defineFamily } from '../kernel/extension-family.js';

/** Which peer a call is meant for. All given conditions must hold. */
export interface CallTarget {
  /** A node, by id. Case does not matter. */
  readonly nodeId?: string;
  /** An institution, by id. Case does not matter. */
  readonly instId?: string;
  /** One very instance, by its `host:port`. */
  readonly address?: string;
  /** Instances of this subset. */
  readonly subset?: string;
}

/** One process that provides a service. */
export interface Instance {
  /** `host:port`. */
  readonly address: string;
  /** Name of the transport to reach it; the default transport when absent. */
  readonly transport?: string;
  /** Node it belongs to; empty when unknown. */
  readonly nodeId: string;
  /** Institution it belongs to; empty when unknown. */
  readonly instId: string;
  /** Subset it belongs to; empty when none; {@link EVERY_SUBSET} when it may serve calls to any. */
  readonly subset: string;
}

/**
 * Subset of an instance that calls to any subset may reach: a node, which does its own routing, and an address that was
 * asked for by name.
 */
export const EVERY_SUBSET = '*';

/** What a consumer looks for. */
export interface ServiceQuery {
  /** Name of the service, such as `mesh.trust.apply`. */
  readonly service: string;
  readonly target: CallTarget;
  /** This very process, when it provides the service and the target admits it, or hands on what is meant for the target. */
  readonly self: Instance | undefined;
}

/** Knows which instances provide a service. */
export interface Registry {
  /**
   * The instances that may serve the query, in no particular order; none when nobody does.
   * @throws MeshError E0000000618 when the target's node or institution is not in the network
   */
  resolve(query: ServiceQuery): readonly Instance[] | Promise<readonly Instance[]>;
}

/** The family of registries. The default is `static`: what options and environment say. */
export const REGISTRY = defineFamily<Registry>('registry', 'static');
