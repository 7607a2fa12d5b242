/** Which of the built-in services are served. */
export interface BuiltinOptions {
  /** `${mesh.name}.builtin.doc`: describes the services that the application provides. Default `true`. */
  doc?: boolean;
  /** `${mesh.name}.builtin.version`. Default `true`. */
  version?: boolean;
  /** `${mesh.name}.builtin.stats`, and the same as JSON at `GET /stats`. Default `true`. */
  stats?: boolean;
  /**
   * Who may call `${mesh.name}.builtin.debug`, which sets log levels: `node`, those who say that they are at this very node, and
   * whose call no other node has passed on; `anyone`; `nobody`. Callers prove nothing of what they say. Default `node`.
   */
  debug?: 'nobody' | 'node' | 'anyone';
  /** `mesh.net.environ`: the node's description of itself, which some SDKs ask for before their first call. Default `true`. */
  environ?: boolean;
  /** `grpc.health.v1.Health`. Default `true`. */
  health?: boolean;
  /** gRPC's server reflection. Default `true`. */
  reflection?: boolean;
}

/** A {@link BuiltinOptions}, filled in. */
export type ResolvedBuiltinOptions = Readonly<Required<BuiltinOptions>>;
