/** What the registry of a node may hold, and for how long. */
export interface NodeRegistryOptions {
  /** Longest lifetime granted to a registration, in ms; one that asks for longer gets this. Default 86 400 000 (1 day). */
  maxLifetimeMs?: number;
  /** Most registrations. Default 10 000. */
  maxRegistrations?: number;
  /** Most bytes of all registrations, as characters of their texts. Default 134 217 728 (128 MiB). */
  maxBytes?: number;
}

/** What makes an application a node, which others register with. */
export interface NodeOptions {
  /** What its registry may hold, and for how long. */
  registry?: NodeRegistryOptions;
}

/** A {@link NodeRegistryOptions} with everything filled in. */
export type ResolvedNodeRegistry = Readonly<Required<NodeRegistryOptions>>;

/** A {@link NodeOptions} with everything filled in. */
export interface ResolvedNode {
  readonly registry: ResolvedNodeRegistry;
}

/** What the registry of a node may hold that says nothing else. */
export const DEFAULT_NODE_REGISTRY: ResolvedNodeRegistry = {
  maxLifetimeMs: 86_400_000,
  maxRegistrations: 10_000,
  maxBytes: 134_217_728,
};

/** How this application registers itself at nodes, once it listens. */
export interface RegistryOptions {
  /** `host:port` of the node, or of several, each of which is told. Default: the option `addresses`. */
  address?: string | readonly string[];
  /** How long a registration holds that is not renewed, in ms; it is renewed three times as often. 100 to 86 400 000, default 30 000. */
  lifetimeMs?: number;
  /** Which instance this is. Default: the address where others reach it. */
  instanceId?: string;
  /**
   * Where others reach this application, `host:port` or `host`. Default: the host of `MESH_RUNTIME`, else that which it is bound
   * to, else that by which it reaches the node; with the port that is really bound.
   */
  advertise?: string;
}

/** A {@link RegistryOptions} with everything filled in. */
export interface ResolvedRegistry {
  /** `host:port` of each node that is told. */
  readonly addresses: readonly string[];
  readonly lifetimeMs: number;
  /** Empty where it is the address. */
  readonly instanceId: string;
  /** Host and port are empty and 0 where they are to be found out. */
  readonly advertise: { readonly host: string; readonly port: number };
}
