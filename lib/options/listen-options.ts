/** Areas of what a listener can serve beside the services of applications, as `serves` names them. */
export const SERVED_AREAS = ['sessions', 'nodes', 'builtins', 'weaving', 'administration'] as const;

/**
 * An area of what a listener can serve, beside the services of applications: `sessions` is the session API, `nodes` what one
 * node says to another (`PrivateTransferProtocol`), `builtins` the built-in services, health, reflection and `/stats`, `weaving`
 * the requests of other nodes to become partners, and their consent, `administration` the administration of partners and of the
 * registry.
 */
export type ServedArea = (typeof SERVED_AREAS)[number];

/** Certificates of a listener. Each of `key`, `cert` and `ca` is PEM text, or the path of a file that holds it. */
export interface ListenTlsOptions {
  /** Private key, without a passphrase. */
  key: string;
  /** Certificate, followed by those between it and its authority. */
  cert: string;
  /** Authorities whose certificates are accepted from clients. Default: those that Node knows. */
  ca?: string;
  /**
   * Whether a client is asked for a certificate: `none` asks for none, `request` asks and takes a valid one or none, `require`
   * takes no client without a valid one. Default `none`.
   */
  clientCertificate?: 'none' | 'request' | 'require';
  /**
   * What happens to connections without TLS: `serve` serves them beside those with TLS, `refuse` closes them. Default `serve`;
   * with `clientCertificate: 'require'` it is `refuse`.
   */
  plaintext?: 'serve' | 'refuse';
}

/** Where this application listens, and what it serves there. */
export interface ListenOptions {
  /**
   * TCP port; 0 takes a free one. Default: for the first listener the port of `MESH_RUNTIME`; else 7304, or 570 where `side` is
   * `inner`.
   */
  port?: number;
  /** Interface to bind. Default `0.0.0.0`. */
  host?: string;
  /** Names of the transports that listen here. Default: the default transport, `auto`, whose port serves gRPC, TCP and HTTP. */
  transports?: readonly string[];
  /** Time for a new connection to show what it speaks, and for the headers of a request over HTTP/1.1 to arrive, in ms. Default 10 000. */
  handshakeTimeoutMs?: number;
  /** Time for a request over HTTP/1.1 to arrive as a whole, in ms. Default 300 000 (5 minutes). */
  requestTimeoutMs?: number;
  /**
   * How long a request that is handed on to a registered path, or a connection upgraded for one, may be without a byte either way,
   * in ms; then it is ended. Default 900 000 (15 minutes).
   */
  idleTimeoutMs?: number;
  /** Certificates, to serve TLS on this port. Default: none; it serves plaintext only. */
  tls?: ListenTlsOptions;
  /** Who is expected here: partners at the `outer` side, one's own applications at the `inner` one. Default `outer`. */
  side?: 'inner' | 'outer';
  /**
   * What is served here: names of services (`mesh.trust.apply`), prefixes (`mesh.trust.*`), `*` for the services of all
   * applications, and areas (see {@link ServedArea}). What is not served is to callers as though it did not exist. Default: at
   * the `inner` side everything, at the `outer` side everything but `weaving` and `administration`.
   */
  serves?: readonly string[];
}

/** What is served at the port of a Nest HTTP application, by its own adapter. */
export interface MountOptions {
  /** What stands before the paths, such as `/mesh`. Default: nothing. */
  prefix?: string;
  /** Who is expected there. Default `outer`. */
  side?: 'inner' | 'outer';
  /** What is served there, over HTTP; as {@link ListenOptions.serves}. */
  serves?: readonly string[];
}

/** The certificates of a listener, filled in. */
export type ResolvedListenTls = Readonly<Required<Omit<ListenTlsOptions, 'ca'>> & Pick<ListenTlsOptions, 'ca'>>;

/** A {@link MountOptions}, filled in. */
export type ResolvedMount = Readonly<Required<MountOptions>>;

/** A {@link ListenOptions}, filled in. */
export interface ResolvedListener extends Readonly<Required<Omit<ListenOptions, 'transports' | 'tls'>>> {
  /** Name of the option that it comes from, for messages: `listen`, or `listen[1]`. */
  readonly option: string;
  readonly transports?: readonly string[];
  readonly tls?: ResolvedListenTls;
}
