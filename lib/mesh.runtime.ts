import type { DiscoveryService } from '@nestjs/core';
import { MeshCode } from './errors/mesh-code.js';
import { MeshError } from './errors/mesh-error.js';
import type { ExtensionRegistry } from './kernel/extension-registry.js';
import { type MountableAdapter, mountMesh } from './mesh.mount.js';
import { joinMesh, type MeshParts } from './mesh.parts.js';
import type { JoinedRegistry } from './mesh.registry.js';
import type { JoinedSessions } from './mesh.sessions.js';
import type { Door } from './nest/mesh-server.js';
import type { StreamStats } from './nest/passive/stream-desk.js';
import { StreamTable } from './nest/passive/stream-table.js';
import type { Partners } from './node/partners/partners.js';
import type { ResolvedMeshOptions } from './options/mesh-options.js';
import type { MeshInvoker } from './rpc/consumer/invoker.js';
import { ServiceTable } from './rpc/provider/service-table.js';
import type { HttpMount } from './transport/port/http-mount.js';
import { type Acceptor, type Listener, TRANSPORT } from './transport/transport.js';

/**
 * The life of one mesh. Its parts are joined when first needed, since extensions are providers that Nest makes in its own
 * order.
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

  constructor(
    private readonly mesh: string,
    private readonly options: ResolvedMeshOptions,
    private readonly discovery: DiscoveryService,
  ) {}

  /**
   * Tells the runtime the module instance of its mesh, as soon as there is one, and the adapter of the application.
   * @throws MeshError E0000000400 when the mesh is to be mounted and this is no HTTP application
   */
  settle(home: object, adapter: MountableAdapter | undefined): void {
    this.home = home;
    this.mount = mountMesh(this.options, adapter, (serves) => this.acceptor(serves, 'mount'));
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

  /** The partners, as they are at the moment. */
  get partners(): Partners {
    return this.join().partners.partners;
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
      const acceptor = this.acceptor(at.serves, at.option);
      const names: readonly (string | undefined)[] = at.transports ?? [undefined];
      return names.map((name) => ({ transport: extensions.get(TRANSPORT, name), at, acceptor }));
    });
  }

  /** Serves so much of what there is. @see MeshParts.acceptor */
  acceptor(serves: readonly string[], listener: string): Acceptor {
    return this.join().acceptor(serves, listener);
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

  /** Ends the waits of callers elsewhere, now that no new calls are taken, and has nobody wait for connections that are kept. */
  endWaits(): void {
    this.leave();
    this.parts?.sessions.endpoint.drain();
    this.parts?.pool.closeIdle();
  }

  /** Ends the streams that handlers have, and begins none any more. */
  async endStreams(): Promise<void> {
    await this.parts?.streams.close();
  }

  /** Ends the sessions, and closes the connections, waiting `drainTimeoutMs` for the calls under way. */
  async close(): Promise<void> {
    if (!this.parts) return;
    const { pool, partners, sessions, streams, builtins, registry, gateway, passages } = this.parts;
    builtins.close();
    await partners.close();
    gateway?.close();
    await registry.close();
    await streams.close();
    sessions.conversations.close();
    await sessions.store.close();
    const overdue = setTimeout(() => {
      pool.destroy();
      passages.destroy();
    }, this.options.drainTimeoutMs);
    try {
      await Promise.all([pool.close(), passages.close()]);
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
    const { mesh, options, discovery, home, services, handlers } = this;
    if (!home) {
      const message = `the mesh '${mesh}' was used before its module was made: call it from onModuleInit or later`;
      throw new MeshError(MeshCode.INVALID_REQUEST, message);
    }
    this.refuseTwin();
    const listeners = () => this.listeners;
    return (this.parts = joinMesh({ mesh, options, discovery, home, services, handlers, listeners }));
  }
}
