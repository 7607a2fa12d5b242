import type { DiscoveryService } from '@nestjs/core';
import { BALANCER } from './balance/balancer.js';
import { BUILTIN_EXTENSIONS } from './builtins.js';
import { CallCodecs } from './codec/call-codecs.js';
import { CODEC } from './codec/codec.js';
import { discoverExtensions } from './kernel/discover-extensions.js';
import { ExtensionRegistry } from './kernel/extension-registry.js';
import { describeNode, joinAdministration } from './mesh.administration.js';
import { type BuiltinParts, joinBuiltins, type JoinedBuiltins } from './mesh.builtins.js';
import { joinGateway, type JoinedGateway } from './mesh.gateway.js';
import { joinMiddleware } from './mesh.middleware.js';
import { type JoinedPartners, joinPartners } from './mesh.node.js';
import { joinPassages, type JoinedPassages } from './mesh.passages.js';
import { joinRegistry, type JoinedRegistry } from './mesh.registry.js';
import { joinSessions, type JoinedSessions } from './mesh.sessions.js';
import { joinStreams } from './mesh.streams.js';
import { settleAuto } from './mesh.transports.js';
import { OperatorGate } from './node/administration/operator-gate.js';
import type { StreamDesk } from './nest/passive/stream-desk.js';
import type { StreamTable } from './nest/passive/stream-table.js';
import type { ResolvedMeshOptions } from './options/mesh-options.js';
import { type CallTarget, EVERY_SUBSET, type Instance, REGISTRY } from './registry/registry.js';
import { RETRY_POLICY } from './resilience/retry-policy.js';
import { ROUTER } from './routing/router.js';
import { CONSUMER_FILTER, PROVIDER_FILTER } from './rpc/call-filter.js';
import { MeshInvoker } from './rpc/consumer/invoker.js';
import { ProviderDispatcher } from './rpc/provider/dispatcher.js';
import type { ServiceTable } from './rpc/provider/service-table.js';
import { ConnectionPool } from './transport/connection-pool.js';
import { type AreaAcceptors, ownAcceptor, scopedAcceptor } from './transport/listener-scope.js';
import { LocalConnection } from './transport/memory/local-connection.js';
import { type Acceptor, type Listener, TRANSPORT } from './transport/transport.js';

/** Name by which the connection to this very process goes in the pool; no transport can have it. */
const SELF = '(self)';

/** What a mesh is put together of, beside its extensions. */
export interface MeshSetting {
  /** Name of the mesh. */
  readonly mesh: string;
  readonly options: ResolvedMeshOptions;
  /** Finds the extensions of the application. */
  readonly discovery: DiscoveryService;
  /** The module of this mesh, from which its extensions are seen. */
  readonly home: object;
  /** The services that this process provides. */
  readonly services: ServiceTable;
  /** The handlers of streams in this process. */
  readonly handlers: StreamTable;
  /** What listens at the moment. */
  listeners(): readonly Listener[];
}

/** One mesh, put together. */
export interface MeshParts {
  readonly extensions: ExtensionRegistry;
  readonly dispatcher: ProviderDispatcher;
  readonly pool: ConnectionPool;
  readonly invoker: MeshInvoker;
  readonly partners: JoinedPartners;
  readonly sessions: JoinedSessions;
  readonly streams: StreamDesk;
  readonly builtins: JoinedBuiltins;
  readonly registry: JoinedRegistry;
  /** Hands calls on; absent where there is nobody to hand them to. */
  readonly gateway: JoinedGateway | undefined;
  readonly passages: JoinedPassages;
  /**
   * Serves so much of what there is.
   *
   * @param serves as the option `listen.serves` has it
   * @param listener where, by the name of the option that says so: `listen`, `listen[1]`, `mount`
   */
  acceptor(serves: readonly string[], listener: string): Acceptor;
}

/**
 * Joins the extensions found in the application to the invoker of outgoing calls and the dispatcher of incoming ones, and both
 * to what this process tells others and hands on.
 *
 * @throws MeshError E0000000400 or E0000000404 when extensions collide or a chosen one is missing
 */
export function joinMesh(setting: MeshSetting): MeshParts {
  const { options, services } = setting;
  const extensions = extensionsOf(setting);
  const codecs = new CallCodecs(extensions.get(CODEC), extensions.all(CODEC));
  const pipeline = { codecs, filters: extensions.all(PROVIDER_FILTER) };
  const dispatcher = new ProviderDispatcher(services, pipeline, options);
  const pool: ConnectionPool = new ConnectionPool(
    (transport, address) =>
      transport === SELF ? new LocalConnection(ownAcceptor(own)) : extensions.get(TRANSPORT, transport).dial(address),
    { idleTimeoutMs: options.grpc.idleTimeoutMs, usual: usualTransport(extensions) },
  );
  const partners = joinPartners(extensions, options);
  const sessions = joinSessions(extensions, options, pool, partners.partners);
  const forwarded = () => gateway?.forwarded();
  const description = describeNode(options);
  const environ = () => description.environ();
  const builtins = builtinsOf(setting, { dispatcher, pool, sessions, forwarded, environ });
  const gate = new OperatorGate(options.node?.administration.token ?? '');
  const registry = joinRegistry({ options, extensions, services, gate, invoker: () => invoker });
  const administration = joinAdministration({ ...setting, ...partners, extensions, codecs, pool, description, gate });
  const gateway = gatewayOf(setting, codecs, { extensions, dispatcher, pool, registry, partners });
  const rpc = gateway?.accept ?? dispatcher.accept;
  const middleware = joinMiddleware(extensions, codecs);
  const own = middleware.around('self', rpc);
  const answering = [builtins, registry, administration];
  const isOwn = (service: string): boolean => services.has(service) || answering.some((part) => part.answers(service));
  const invoker: MeshInvoker = invokerOf(options, { extensions, pool, isOwn, gateway });
  const streams = joinStreams(setting.handlers, sessions, options);
  const passages = joinPassages(extensions, options, registry.registrations);
  const areas: AreaAcceptors = {
    services: rpc,
    sessions: sessions.endpoint.accept,
    nodes: sessions.nodes,
    builtins: builtins.accept,
    weaving: administration.acceptNodes,
    administration: (path) => registry.accept(path) ?? administration.accept(path),
    paths: passages.accept,
  };
  const acceptor: MeshParts['acceptor'] = (serves, listener) =>
    middleware.around(listener, scopedAcceptor({ serves, side: sideOf(options, listener) }, areas));
  return {
    extensions,
    dispatcher,
    pool,
    invoker,
    partners,
    sessions,
    streams,
    builtins,
    registry,
    gateway,
    passages,
    acceptor,
  };
}

function extensionsOf({ mesh, options, discovery, home }: MeshSetting): ExtensionRegistry {
  const found = discoverExtensions(discovery, mesh, new Set(BUILTIN_EXTENSIONS), home);
  return new ExtensionRegistry(settleAuto(found, options), options.use, options.node && { registry: 'registered' });
}

/** Who is expected at a listener, by the name of the option that says so. */
function sideOf({ listeners, mount }: ResolvedMeshOptions, listener: string): 'inner' | 'outer' {
  const found = listeners.find(({ option }) => option === listener) ?? mount;
  return found === false ? 'outer' : found.side;
}

/** A node hands calls on to what is registered with it, and whoever has partners hands on to them. */
function gatewayOf(
  { options, services }: MeshSetting,
  codecs: CallCodecs,
  {
    extensions,
    dispatcher,
    pool,
    registry,
    partners,
  }: Pick<MeshParts, 'extensions' | 'dispatcher' | 'pool' | 'registry' | 'partners'>,
): JoinedGateway | undefined {
  if (!options.node && options.partners.length === 0) return undefined;
  return joinGateway({
    options,
    extensions,
    codecs,
    pool,
    registrations: registry.registrations,
    partners: partners.partners,
    local: dispatcher.accept,
    services,
  });
}

/** What makes the calls of this process: its own services are called directly, those of partners by way of the gateway. */
function invokerOf(
  options: ResolvedMeshOptions,
  { extensions, pool, gateway, isOwn }: Pick<MeshParts, 'extensions' | 'pool' | 'gateway'> & Ownership,
): MeshInvoker {
  const self = selfOf(options);
  const through: Instance = { ...self, subset: EVERY_SUBSET };
  const pipeline = {
    registry: extensions.get(REGISTRY),
    routers: extensions.all(ROUTER),
    balancer: extensions.get(BALANCER),
    retryPolicy: extensions.get(RETRY_POLICY),
    filters: extensions.all(CONSUMER_FILTER),
    codec: extensions.get(CODEC),
    pool,
    self: (service: string, target: CallTarget) =>
      gateway?.leadsTo(target) ? through : isOwn(service) ? self : undefined,
  };
  return new MeshInvoker(pipeline, options);
}

interface Ownership {
  /** Whether this process answers a service itself. */
  isOwn(service: string): boolean;
}

/** This very process, as an instance of the services that it provides. */
function selfOf({ name, nodeId, instId, subset }: ResolvedMeshOptions): Instance {
  return { address: name, transport: SELF, nodeId, instId, subset };
}

function builtinsOf(
  { options, services, listeners }: MeshSetting,
  {
    dispatcher,
    pool,
    sessions,
    forwarded,
    environ,
  }: Pick<MeshParts, 'dispatcher' | 'pool' | 'sessions'> & Pick<BuiltinParts, 'forwarded' | 'environ'>,
): JoinedBuiltins {
  const inbound = (): number => listeners().reduce((sum, { connections = 0 }) => sum + connections, 0);
  const builtins: JoinedBuiltins = joinBuiltins({
    options,
    services,
    tally: dispatcher.tally,
    store: sessions.store,
    connections: () => ({ inbound: inbound(), outbound: pool.size }),
    forwarded,
    environ,
    serves: (path) =>
      [dispatcher.accept, sessions.endpoint.accept, sessions.nodes, builtins.accept].some((find) => find(path)),
  });
  return builtins;
}

/** Name of the transport by which is called who names none. */
function usualTransport(extensions: ExtensionRegistry): string | undefined {
  const usual = extensions.get(TRANSPORT);
  return extensions.names(TRANSPORT).find((name) => extensions.get(TRANSPORT, name) === usual);
}
