import type { ServedArea } from '../../options/listen-options.js';
import { sameId } from '../../protocol/urn.js';
import { WireFields } from '../../protocol/wire-fields.js';
import { textArgument } from '../builtin/builtin-service.js';
import type { Partners } from '../partners/partners.js';
import { readRoute } from '../partners/read-route.js';
import type { DomainBook } from './domain-book.js';
import type { GatedCall, OperatorGate } from './operator-gate.js';
import type { OwnRoute } from './own-route.js';
import type { PartnerProbe } from './partner-probe.js';
import type { RouteAdministration } from './route-administration.js';
import type { Weaving } from './weaving.js';
import type { WeavingRequests } from './weaving-requests.js';

/** A call of administration by RPC. */
export interface NetworkCall extends GatedCall {
  /** Address of the caller. */
  readonly by: string;
}

/** A service of the network, as it is called by RPC. */
export interface NetworkService {
  /** Its name, such as `mesh.net.edges`. */
  readonly service: string;
  readonly area: ServedArea;
  /** Serves a call. What it throws becomes the answer. */
  invoke(args: Readonly<Record<string, unknown>>, call: NetworkCall): Promise<unknown>;
}

/** What the services of the network work with, be they called by RPC or over HTTP. */
export interface NetworkParts {
  readonly gate: OperatorGate;
  readonly partners: Partners;
  readonly routes: RouteAdministration;
  readonly weaving: Weaving;
  readonly requests: WeavingRequests;
  readonly probe: PartnerProbe;
  readonly domains: DomainBook;
  /** What is known of the way to this very node. */
  ownRoute(): OwnRoute;
}

type Invoke = NetworkService['invoke'];

/**
 * The services of the network (`mesh.net.*`), with the arguments and answers of the SDKs; `mesh.net.environ` is a built-in service.
 * All but `accessible`, `weave` and `ack` are for operators. `weave` and `ack` are for the nodes of partners, too, and do for them
 * what a partner's node may ask for.
 */
export function networkServices(parts: NetworkParts): readonly NetworkService[] {
  const { gate, routes, weaving, requests, domains } = parts;
  const forOperators = (service: string, invoke: Invoke): NetworkService => ({
    service,
    area: 'administration',
    invoke: async (args, call) => {
      gate.admit(call);
      return (await invoke(args, call)) ?? null;
    },
  });
  return [
    { service: 'mesh.net.accessible', area: 'builtins', invoke: ({ route }, call) => accessible(parts, route, call) },
    forOperators('mesh.net.refresh', async ({ routes: several }, { by }) => void (await routes.refresh(several, by))),
    forOperators('mesh.net.edge', async (args) => routes.edge(nodeIdOf(args))),
    forOperators('mesh.net.edges', async () => routes.edges()),
    forOperators('mesh.net.domains', async (args) => domains.list(textArgument(args, 'kind'))),
    forOperators('mesh.net.resolve', async (args) => domains.put(textArgument(args, 'kind'), args['domains'])),
    forOperators('mesh.net.disable', (args, { by }) => routes.switch(nodeIdOf(args), 'off', by)),
    forOperators('mesh.net.enable', (args, { by }) => routes.switch(nodeIdOf(args), 'on', by)),
    {
      service: 'mesh.net.weave',
      area: 'weaving',
      invoke: async ({ route }, call) => {
        if (gate.callerOf('weave', call) === 'operator') await weaving.ask(route, call.by);
        else await requests.asked(route, call.by);
        return null;
      },
    },
    {
      service: 'mesh.net.ack',
      area: 'weaving',
      invoke: async ({ route }, call) => {
        if (gate.callerOf('ack', call) === 'operator') await weaving.consent(route, call.by);
        else await requests.consented(route, call.by);
        return null;
      },
    },
  ];
}

/** The asyncio SDK and Java have the name in snake_case; what is generated for Go has it in camelCase. */
function nodeIdOf(args: Readonly<Record<string, unknown>>): string {
  return new WireFields('the arguments', args).text('node_id');
}

/**
 * Whether a node answers: this one does; a partner's does where anything answers at one of its addresses. An operator may try
 * addresses of nodes that are no partners yet. Nobody else has this node call addresses that it is told.
 *
 * @throws MeshError as `Partners.find` for a partner that cannot be called, or is none
 */
async function accessible(parts: NetworkParts, value: unknown, call: NetworkCall): Promise<boolean> {
  if (value === undefined || value === null) return true;
  const { partners, probe, gate } = parts;
  const fields = new WireFields('route', value);
  const [nodeId, instId] = [fields.text('node_id'), fields.text('inst_id')];
  const own = parts.ownRoute();
  if (nodeId === '' ? instId === '' || sameId(instId, own.inst_id) : sameId(nodeId, own.node_id)) return true;
  const target = { nodeId, instId };
  if (!partners.knows(target) && fields.raw('address') && gate.isOperator(call)) return probe.answers(readRoute(value));
  return probe.answers(partners.find(target).route);
}
