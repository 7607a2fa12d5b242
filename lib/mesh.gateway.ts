import { BALANCER } from './balance/balancer.js';
import type { CallCodecs } from './codec/call-codecs.js';
import type { ExtensionRegistry } from './kernel/extension-registry.js';
import type { Forwarded } from './node/builtin/stats.js';
import { CalledUrns } from './node/gateway/called-urns.js';
import { DepartedServices } from './node/gateway/departed-services.js';
import { Destinations } from './node/gateway/destination.js';
import { Gateway } from './node/gateway/gateway.js';
import { InstanceCaller } from './node/gateway/instance-caller.js';
import { KnownDestinations } from './node/gateway/known-destinations.js';
import { NetworkRevision } from './node/gateway/network-revision.js';
import { ForwardingWire } from './node/gateway/wire.js';
import { StandardCalls } from './node/standard-calls.js';
import type { Partners } from './node/partners/partners.js';
import type { ResolvedMeshOptions } from './options/mesh-options.js';
import { RegisteredInstances } from './registry/registered-instances.js';
import type { Registrations } from './registry/registrations.js';
import { ROUTER } from './routing/router.js';
import type { ServiceTable } from './rpc/provider/service-table.js';
import type { CallTarget } from './registry/registry.js';
import type { ConnectionPool } from './transport/connection-pool.js';
import type { Acceptor } from './transport/transport.js';

/** What a gateway stands between. */
export interface GatewaySetting {
  readonly options: ResolvedMeshOptions;
  readonly extensions: ExtensionRegistry;
  /** Those of RPC. */
  readonly codecs: CallCodecs;
  readonly pool: ConnectionPool;
  readonly registrations: Registrations;
  readonly partners: Pick<Partners, 'find' | 'knows' | 'route' | 'watch'>;
  /** Serves what this process provides, and answers what nobody does. */
  readonly local: Acceptor;
  /** What this process provides. */
  readonly services: Pick<ServiceTable, 'serves' | 'revision'>;
}

/** What hands calls on to registered instances and to partners. */
export interface JoinedGateway {
  /** Finds the handler of a path of RPC. */
  readonly accept: Acceptor;
  /** Whether a call that this process makes goes out through the gateway. */
  leadsTo(target: CallTarget): boolean;
  /** How calls went that were handed on. */
  forwarded(): Forwarded;
  close(): void;
}

/** Joins what is registered, and the partners, to what hands calls on to them. */
export function joinGateway(setting: GatewaySetting): JoinedGateway {
  const { options, extensions, codecs, pool, registrations, partners, local, services } = setting;
  const urns = new CalledUrns(options);
  const departed = new DepartedServices(registrations);
  const registered = new RegisteredInstances(options, registrations);
  const isLocal = (service: string): boolean => services.serves(service);
  const revision = new NetworkRevision(services, [registrations, partners]);
  const gateway = new Gateway({
    options,
    local,
    urns,
    destinations: new Destinations({ urns, partners, registered, departed, isLocal }),
    known: new KnownDestinations({ revision, partners }),
    instances: new InstanceCaller({ routers: extensions.all(ROUTER), balancer: extensions.get(BALANCER) }),
    wire: new ForwardingWire(pool, codecs),
    codecs,
    standard: new StandardCalls(codecs),
  });
  return {
    accept: gateway.accept,
    leadsTo: ({ nodeId = '', instId = '' }) => {
      const named = nodeId || instId;
      return named !== '' && !urns.isOwn(named) && partners.knows({ nodeId, instId });
    },
    forwarded: () => gateway.tally.figures(),
    close: () => {
      departed.close();
      revision.close();
    },
  };
}
