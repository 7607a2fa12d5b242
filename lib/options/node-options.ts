/** What the registry of a node may hold, and for how long. */
export interface NodeRegistryOptions {
  /** Longest lifetime granted to a registration, in ms; one that asks for longer gets this. Default 86 400 000 (1 day). */
  maxLifetimeMs?: number;
  /** Most registrations. Default 10 000. */
  maxRegistrations?: number;
  /** Most bytes of all registrations, as characters of their texts. Default 134 217 728 (128 MiB). */
  maxBytes?: number;
}

/** Who may administer a node. */
export interface NodeAdministrationOptions {
  /**
   * What a caller has to know, 16 to 1 024 characters. A listener of the `outer` side, and a mount, serves `administration` only with
   * it. Default `MESH_ADMIN_TOKEN`, else none.
   */
  token?: string;
}

/** The routes to partners that stand in a file. */
export interface NodeRoutesOptions {
  /** Path of the file, `.yaml`, `.yml` or `.json`. Default `MESH_ROUTES_FILE`, else none. */
  file?: string;
  /** Whether changes of the file take effect while the application runs. Default `true`. */
  watch?: boolean;
}

/** What makes an application a node, which others register with. */
export interface NodeOptions {
  /** What its registry may hold, and for how long. */
  registry?: NodeRegistryOptions;
  /** Who may administer it. */
  administration?: NodeAdministrationOptions;
  /** The routes to partners that stand in a file. */
  routes?: NodeRoutesOptions;
  /**
   * Path of the folder where it keeps what is to outlive it: the routes to partners that came by administration. It is made when
   * there is something to keep. Default `MESH_DATA_DIR`, else none: in memory only.
   */
  dataDir?: string;
}

/** A {@link NodeRegistryOptions} with everything filled in. */
export type ResolvedNodeRegistry = Readonly<Required<NodeRegistryOptions>>;

/** A {@link NodeOptions} with everything filled in; texts are empty where there are none. */
export interface ResolvedNode {
  readonly registry: ResolvedNodeRegistry;
  readonly administration: Readonly<Required<NodeAdministrationOptions>>;
  readonly routes: Readonly<Required<NodeRoutesOptions>>;
  readonly dataDir: string;
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
