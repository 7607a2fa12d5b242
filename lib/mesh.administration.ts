import { join } from 'node:path';
import type { CallCodecs } from './codec/call-codecs.js';
import type { ExtensionRegistry } from './kernel/extension-registry.js';
import { jsonCodec } from './mesh.codecs.js';
import { AdministrationEndpoint } from './node/administration/administration-endpoint.js';
import { DomainBook } from './node/administration/domain-book.js';
import { InTurn } from './node/administration/in-turn.js';
import { Journal } from './node/administration/journal.js';
import { networkServices, type NetworkService } from './node/administration/network-services.js';
import { NodeDescription } from './node/administration/node-description.js';
import { NodeHerald } from './node/administration/node-herald.js';
import type { OperatorGate } from './node/administration/operator-gate.js';
import { ownRoute, ownRouteFor } from './node/administration/own-route.js';
import { PartnerProbe } from './node/administration/partner-probe.js';
import { RouteAdministration } from './node/administration/route-administration.js';
import { Weaving } from './node/administration/weaving.js';
import { WeavingRequests } from './node/administration/weaving-requests.js';
import { KeptFile } from './node/kept-file.js';
import type { Partners } from './node/partners/partners.js';
import type { ResolvedMeshOptions } from './options/mesh-options.js';
import type { ServiceTable } from './rpc/provider/service-table.js';
import type { ConnectionPool } from './transport/connection-pool.js';
import type { Acceptor, Listener } from './transport/transport.js';

/** What the administration of a node is made of. */
export interface AdministrationParts {
  readonly options: ResolvedMeshOptions;
  readonly extensions: ExtensionRegistry;
  /** Those of RPC. */
  readonly codecs: CallCodecs;
  readonly services: ServiceTable;
  readonly pool: ConnectionPool;
  readonly partners: Partners;
  readonly description: NodeDescription;
  readonly gate: OperatorGate;
  /** What listens at the moment. */
  listeners(): readonly Listener[];
}

/** The administration of one mesh, if it is a node. */
export interface JoinedAdministration {
  /** Finds what serves the paths of administration. */
  readonly accept: Acceptor;
  /** Finds what serves the paths at which nodes of partners may ask. */
  readonly acceptNodes: Acceptor;
  /** Whether a call that this process makes is answered by its own administration. */
  answers(service: string): boolean;
}

/** File in the data directory that has what an operator has said of the node itself. */
const DESCRIPTION_FILE = 'node.json';

/** What a node says of itself, with what an operator has said of it before. @throws MeshError when that cannot be read */
export function describeNode(options: ResolvedMeshOptions): NodeDescription {
  const dataDir = options.node?.dataDir ?? '';
  return new NodeDescription(options, dataDir === '' ? undefined : new KeptFile(join(dataDir, DESCRIPTION_FILE)));
}

/** Joins the partners of a node to what serves their administration, and adds its services to those of the application. */
export function joinAdministration(parts: AdministrationParts): JoinedAdministration {
  const { options, extensions, codecs, services, pool, partners, description, gate } = parts;
  const nothing: Acceptor = () => undefined;
  if (!options.node) return { accept: nothing, acceptNodes: nothing, answers: () => false };
  const json = jsonCodec(extensions);
  const journal = new Journal();
  const changes = new InTurn();
  const herald = new NodeHerald({ own: options, json, codecs, pool });
  const own = { own: options, description, boundAddress: () => outerAddress(options, parts.listeners()) };
  const network = {
    gate,
    partners,
    routes: new RouteAdministration({ partners, journal, changes, ownRoute: () => ownRoute(own) }),
    weaving: new Weaving({ partners, herald, journal, changes, ownRoute: (towards) => ownRouteFor(own, towards) }),
    requests: new WeavingRequests({ partners, journal, changes }),
    probe: new PartnerProbe(herald),
    domains: new DomainBook(),
    ownRoute: () => ownRoute(own),
  };
  const served = networkServices(network);
  for (const service of served) addService(services, service);
  const names = new Set(served.map(({ service }) => service));
  const endpoint = new AdministrationEndpoint({ ...network, description, codec: json });
  return {
    accept: endpoint.accept,
    acceptNodes: endpoint.acceptNodes,
    answers: (service) => names.has(service),
  };
}

function addService(services: ServiceTable, { service, area, invoke }: NetworkService): void {
  services.addFallback({
    service,
    provider: 'the administration of this node',
    wire: undefined,
    timeoutMs: undefined,
    area,
    invoke: (args, { attachments }, head) => invoke(args, { head, attachments, by: head.peer }),
  });
}

/** Where partners reach this node: the first address bound at the outer side, else the first of all. */
function outerAddress({ listeners: options }: ResolvedMeshOptions, listeners: readonly Listener[]): string {
  const sides = options.flatMap(({ side, transports }) => (transports ?? ['']).map(() => side));
  const outer = Math.max(0, sides.indexOf('outer'));
  return listeners[outer]?.address ?? '';
}
