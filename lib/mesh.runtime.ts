import type { DiscoveryService } from '@nestjs/core';
import { BALANCER } from './balance/balancer.js';
import { BUILTIN_EXTENSIONS } from './builtins.js';
import { CODEC } from './codec/codec.js';
import { MeshCode } from './errors/mesh-code.js';
import { MeshError } from './errors/mesh-error.js';
import { discoverExtensions } from './kernel/discover-extensions.js';
import { ExtensionRegistry } from './kernel/extension-registry.js';
import { joinBuiltins, type JoinedBuiltins } from './mesh.builtins.js';
import { joinRegistry, type JoinedRegistry } from './mesh.registry.js';
import { type MountableAdapter, mountMesh } from './mesh.mount.js';
import { joinSessions, type JoinedSessions } from './mesh.sessions.js';
import { joinStreams } from './mesh.streams.js';
import type { Door } from './nest/mesh-server.js';
import type { StreamDesk, StreamStats } from './nest/passive/stream-desk.js';
import { StreamTable } from './nest/passive/stream-table.js';
import type { ResolvedMeshOptions } from './options/mesh-options.js';
import { type Instance, REGISTRY } from './registry/registry.js';
import { RETRY_POLICY } from './resilience/retry-policy.js';
import { ROUTER } from './routing/router.js';
import { CONSUMER_FILTER, PROVIDER_FILTER } from './rpc/call-filter.js';
import { MeshInvoker } from './rpc/consumer/invoker.js';
import { ProviderDispatcher } from './rpc/provider/dispatcher.js';
import { ServiceTable } from './rpc/provider/service-table.js';
import { ConnectionPool } from './transport/connection-pool.js';
import { scopedAcceptor } from './transport/listener-scope.js';
import type { HttpMount } from './transport/port/http-mount.js';
import { LocalConnection } from './transport/memory/local-connection.js';
import { type Acceptor, type Connection, type Listener, TRANSPORT } from './transport/transport.js';

/** Name by which the connection to this very process goes in the pool; no transport can have it. */
const SELF = '(self)';

/**
 * One mesh, put together: joins the extensions found in the application to the invoker of outgoing calls and the
 * dispatcher of incoming ones. They are joined when first needed, since extensions are providers that Nest makes in its
 * own order.
 */
export class MeshRuntime {
  /** The services that this process provides. */
  readonly services = new ServiceTable();
  /** The handlers of streams in this process. */
  readonly handlers = new StreamTable();
  private parts: MeshParts | undefined;
  private home: object | undefined;
  private listeners: readonly Listener[] = [];
  private mount: HttpMount | undefined;
  private readonly self: Instance;

  constructor(
    private readonly mesh: string,
    private readonly options: ResolvedMeshOptions,
    private readonly discovery: DiscoveryService,
  ) {
    const { name, nodeId, instId, subset } = options;
    this.self = { address: name, transport: SELF, nodeId, instId, subset };
  }

  /**
   * Tells the runtime the module instance of its mesh, as soon as there is one, and the adapter of the application.
   * @throws MeshError E0000000400 when the mesh is to be mounted and this is no HTTP application
   */
  settle(home: object, adapter: MountableAdapter | undefined): void {
    this.home = home;
    this.mount = mountMesh(this.options, adapter, (serves) => this.acceptor(serves));
  }

  /**
   * Joins everything, so that what is wrong shows when the application starts.
   * @throws MeshError E0000000400 or E0000000404 when extensions collide or a chosen one is missing, or when the
   * application has two meshes of one name
   */
  start(): void {
    this.join();
  }

  /** Makes outgoing calls. */
  get invoker(): MeshInvoker {
    return this.join().invoker;
  }

  /** Serves sessions, and calls nodes for them. */
  get sessions(): JoinedSessions {
    return this.join().sessions;
  }

  /** What is registered here, and how this application registers elsewhere. */
  get registry(): JoinedRegistry {
    return this.join().registry;
  }

  /** Tells the nodes that this application leaves. One that never came to be has told them nothing. */
  async depart(): Promise<void> {
    await this.parts?.registry.depart();
  }

  /** Where to listen, with what, and what to serve there. */
  doors(): readonly Door[] {
    const { extensions } = this.join();
    return this.options.listeners.flatMap((at) => {
      const acceptor = this.acceptor(at.serves);
      const names: readonly (string | undefined)[] = at.transports ?? [undefined];
      return names.map((name) => ({ transport: extensions.get(TRANSPORT, name), at, acceptor }));
    });
  }

  /** Serves so much of what there is. @param serves as the option `listen.serves` has it */
  acceptor(serves: readonly string[]): Acceptor {
    const { dispatcher, sessions, builtins, registry } = this.join();
    return scopedAcceptor(serves, {
      services: dispatcher.accept,
      sessions: sessions.endpoint.accept,
      nodes: sessions.nodes,
      builtins: builtins.accept,
      administration: registry.accept,
    });
  }

  /** The streams that handlers have: how many are at work, and how many topics wait for one. */
  get streams(): StreamStats {
    return this.join().streams.stats();
  }

  /** The implementations of every family. */
  get extensions(): ExtensionRegistry {
    return this.join().extensions;
  }

  /** What listens, once the application has begun to. */
  listening(listeners: readonly Listener[]): void {
    this.listeners = listeners;
  }

  /** Registers, now that the application listens. */
  arrive(): void {
    if (this.listeners.length > 0) this.registry.arrive(this.listeners);
  }

  /** Tells those who ask for its health that the application is about to close. */
  leave(): void {
    this.parts?.builtins.leave();
  }

  /** Takes no new calls at the port of the HTTP application, and gives those under way `drainTimeoutMs`. */
  async unmount(): Promise<void> {
    const { mount } = this;
    if (!mount) return;
    const overdue = setTimeout(() => mount.destroy(), this.options.drainTimeoutMs);
    const closed = mount.close();
    this.endWaits();
    await closed.finally(() => clearTimeout(overdue));
  }

  /** Ends the waits of callers elsewhere, now that no new calls are taken. */
  endWaits(): void {
    this.leave();
    this.parts?.sessions.endpoint.drain();
  }

  /** Ends the streams that handlers have, and begins none any more. */
  async endStreams(): Promise<void> {
    await this.parts?.streams.close();
  }

  /** Ends the sessions, and closes the connections, waiting `drainTimeoutMs` for the calls under way. */
  async close(): Promise<void> {
    if (!this.parts) return;
    const { pool, sessions, streams, builtins, registry } = this.parts;
    builtins.close();
    await registry.close();
    await streams.close();
    sessions.conversations.close();
    await sessions.store.close();
    const overdue = setTimeout(() => pool.destroy(), this.options.drainTimeoutMs);
    try {
      await pool.close();
    } finally {
      clearTimeout(overdue);
    }
  }

  private refuseTwin(): void {
    for (const { instance } of this.discovery.getProviders()) {
      if (!(instance instanceof MeshRuntime) || instance === this || instance.mesh !== this.mesh) continue;
      const message = `MeshModule.forRoot sets up the mesh '${this.mesh}' twice: name each with the option 'mesh'`;
      throw new MeshError(MeshCode.INVALID_REQUEST, message);
    }
  }

  private join(): MeshParts {
    if (this.parts) return this.parts;
    if (!this.home) {
      const message = `the mesh '${this.mesh}' was used before its module was made: call it from onModuleInit or later`;
      throw new MeshError(MeshCode.INVALID_REQUEST, message);
    }
    this.refuseTwin();
    const found = discoverExtensions(this.discovery, this.mesh, new Set(BUILTIN_EXTENSIONS), this.home);
    const extensions = new ExtensionRegistry(found, this.options.use, this.options.node && { registry: 'registered' });
    const codec = extensions.get(CODEC);
    const filters = extensions.all(PROVIDER_FILTER);
    const dispatcher = new ProviderDispatcher(this.services, { codec, filters }, this.options);
    const pool = new ConnectionPool((transport, address) => this.dial(extensions, dispatcher, transport, address), {
      idleTimeoutMs: this.options.grpc.idleTimeoutMs,
    });
    const sessions = joinSessions(extensions, this.options, pool);
    const builtins = this.joinBuiltins(dispatcher, pool, sessions);
    const registry = joinRegistry({
      options: this.options,
      extensions,
      services: this.services,
      invoker: () => this.invoker,
    });
    const isOwn = (service: string): boolean =>
      this.services.has(service) || builtins.answers(service) || registry.answers(service);
    const invoker = new MeshInvoker(
      {
        registry: extensions.get(REGISTRY),
        routers: extensions.all(ROUTER),
        balancer: extensions.get(BALANCER),
        retryPolicy: extensions.get(RETRY_POLICY),
        filters: extensions.all(CONSUMER_FILTER),
        codec,
        pool,
        self: (service) => (isOwn(service) ? this.self : undefined),
      },
      this.options,
    );
    const streams = joinStreams(this.handlers, sessions, this.options);
    return (this.parts = { extensions, dispatcher, pool, invoker, sessions, streams, builtins, registry });
  }

  private joinBuiltins(
    { tally, accept }: ProviderDispatcher,
    pool: ConnectionPool,
    sessions: JoinedSessions,
  ): JoinedBuiltins {
    const inbound = (): number => this.listeners.reduce((sum, { connections = 0 }) => sum + connections, 0);
    const builtins: JoinedBuiltins = joinBuiltins({
      options: this.options,
      services: this.services,
      tally,
      store: sessions.store,
      connections: () => ({ inbound: inbound(), outbound: pool.size }),
      serves: (path) => [accept, sessions.endpoint.accept, sessions.nodes, builtins.accept].some((find) => find(path)),
    });
    return builtins;
  }

  private dial(
    extensions: ExtensionRegistry,
    dispatcher: ProviderDispatcher,
    transport: string | undefined,
    address: string,
  ): Connection {
    if (transport === SELF) return new LocalConnection(dispatcher.accept);
    return extensions.get(TRANSPORT, transport).dial(address);
  }
}

interface MeshParts {
  readonly extensions: ExtensionRegistry;
  readonly dispatcher: ProviderDispatcher;
  readonly pool: ConnectionPool;
  readonly invoker: MeshInvoker;
  readonly sessions: JoinedSessions;
  readonly streams: StreamDesk;
  readonly builtins: JoinedBuiltins;
  readonly registry: JoinedRegistry;
}
