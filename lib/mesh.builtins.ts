import { appServices, ENVIRON_SERVICE } from './node/builtin/app-services.js';
import type { Environ } from './node/builtin/environ.js';
import type { DescribedService } from './node/builtin/doc/described-service.js';
import { Documents } from './node/builtin/doc/documents.js';
import { HEALTH_FILE, PROTOCOL_FILE, REFLECTION_FILES, TRANSPORT_FILE } from './node/builtin/grpc/files.js';
import { Health } from './node/builtin/grpc/health.js';
import { Reflection } from './node/builtin/grpc/reflection.js';
import { type Forwarded, Stats } from './node/builtin/stats.js';
import { STATS_PATH, statsPage } from './node/builtin/stats-page.js';
import type { ResolvedMeshOptions } from './options/mesh-options.js';
import type { CallTally } from './rpc/provider/call-tally.js';
import type { ProviderService } from './rpc/provider/provider-service.js';
import type { ServiceTable } from './rpc/provider/service-table.js';
import type { SessionStore } from './session/store.js';
import type { Acceptor, Endpoint } from './transport/transport.js';

/** What the built-in services tell of. */
export interface BuiltinParts {
  readonly options: ResolvedMeshOptions;
  readonly services: ServiceTable;
  readonly tally: CallTally;
  readonly store: SessionStore;
  /** Describes the node that the application belongs to. */
  environ(): Environ;
  /** Connections open: those that others made, and those that this process made. */
  connections(): { readonly inbound: number; readonly outbound: number };
  /** How calls went that were handed on; `undefined` where nothing hands them on. */
  forwarded(): Forwarded | undefined;
  /** Whether anything is served at a path. */
  serves(path: string): boolean;
}

/** The built-in services of one mesh, put together. */
export interface JoinedBuiltins {
  /** Finds what serves the paths of health, reflection and the figures. */
  readonly accept: Acceptor;
  /** Whether a call that this process makes is answered by its own built-in service. */
  answers(service: string): boolean;
  /** The application begins to close. */
  leave(): void;
  /** Nothing is measured any more. */
  close(): void;
}

/** Everything that may be called by gRPC with messages of a known form. */
const GRPC_FILES = [TRANSPORT_FILE, PROTOCOL_FILE, HEALTH_FILE, ...REFLECTION_FILES];

/** Joins the built-in services, and adds those that are called by RPC to the table of services. */
export function joinBuiltins(parts: BuiltinParts): JoinedBuiltins {
  const { options, services, serves } = parts;
  const { builtins: served } = options;
  const stats = statsOf(parts);
  const documents = new Documents(options, () => services.list().map(described));
  const own = appServices({ app: options, served, documents, stats, environ: parts.environ });
  for (const { service, invoke } of own) {
    services.addFallback({
      service,
      provider: `the built-in service '${service}'`,
      wire: undefined,
      timeoutMs: undefined,
      area: 'builtins',
      invoke: async (args, context, { headers }) => invoke(args, { context, headers }),
    });
  }
  const names = new Set(own.map(({ service }) => service));
  const reflection = new Reflection(GRPC_FILES, serves);
  const health = new Health((name) => services.has(name) || names.has(name) || reflection.services().includes(name));
  const endpoints = new Map<string, Endpoint>([
    ...(served.health ? health.endpoints : []),
    ...(served.reflection ? reflection.endpoints : []),
    ...(served.stats ? [[STATS_PATH, statsPage(stats)] as const] : []),
  ]);
  return {
    accept: (path) => endpoints.get(path),
    answers: (service) =>
      names.has(service) &&
      (service.startsWith(`${options.name}.builtin.`) ||
        (service === ENVIRON_SERVICE && options.addresses.length === 0)),
    leave: () => health.leave(),
    close: () => stats.close(),
  };
}

function statsOf({ tally, store, connections, forwarded }: BuiltinParts): Stats {
  return new Stats({
    services: () => tally.list(),
    traffic: () => tally,
    connections,
    sessions: () => store.stats(),
    forwarded,
  });
}

function described({ service, declared, timeoutMs }: ProviderService): DescribedService {
  return { ...declared, service, timeoutMs };
}
