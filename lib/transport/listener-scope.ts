import { type ResolvedListener, SERVED_AREAS, type ServedArea } from '../options/listen-options.js';
import {
  type Acceptor,
  type Endpoint,
  type InboundHead,
  type ListenerScope,
  type ServiceAdmission,
  handlerBefore,
} from './transport.js';

/**
 * What serves each area. `services` has RPC, through which built-in services and administration are called, too; `paths` what is
 * handed on to instances that have registered their paths.
 */
export type AreaAcceptors = Readonly<Record<'services' | 'sessions', Acceptor>> &
  Readonly<Partial<Record<ServedArea | 'paths', Acceptor>>>;

/** What a listener serves, and to whom. */
export interface Serving {
  /** Names of services, prefixes ending in `.*`, `*`, paths, those ending in `/*`, and areas. */
  readonly serves: readonly string[];
  readonly side: ResolvedListener['side'];
}

/** What a listener tells whoever serves a call that came in there. */
type Admission = Pick<InboundHead, 'admits' | 'scope'>;

/**
 * The acceptor of a listener that serves so much: a path of another area is nowhere, and calls learn by `admits` which
 * services may be called, and by `scope` where they came in.
 */
export function scopedAcceptor({ serves, side }: Serving, areas: AreaAcceptors): Acceptor {
  const open = SERVED_AREAS.filter((area) => serves.includes(area));
  const patterns = serves.filter((one) => !one.startsWith('/') && !SERVED_AREAS.some((area) => area === one));
  const rpc = patterns.length > 0 || AREAS_OF_RPC.some((area) => open.includes(area));
  const paths = areas.paths && withinPaths(areas.paths, patterns.includes('*') ? ['/*'] : serves);
  // What is registered comes last: it takes no path from what is this package's own.
  const acceptors = [...(rpc ? [areas.services] : []), ...open.flatMap((area) => areas[area] ?? []), ...(paths ?? [])];
  const find: Acceptor = (path) => {
    for (const accept of acceptors) {
      const endpoint = accept(path);
      if (endpoint) return endpoint;
    }
    return undefined;
  };
  const scope: ListenerScope = { side, areas: new Set(open) };
  const isEverything = open.length === SERVED_AREAS.length && patterns.includes('*');
  return gatedAcceptor(find, { scope, admits: isEverything ? undefined : admissionOf(patterns, scope.areas) });
}

/** The acceptor for the paths among these entries; none when there are no paths. */
function withinPaths(accept: Acceptor, serves: readonly string[]): readonly Acceptor[] {
  const patterns = serves.filter((one) => one.startsWith('/'));
  if (patterns.length === 0) return [];
  if (patterns.includes('/*')) return [accept];
  const exact = new Set(patterns.map((pattern) => pattern.replace(/\/\*$/, '')));
  const prefixes = patterns.filter((pattern) => pattern.endsWith('/*')).map((pattern) => pattern.slice(0, -1));
  return [(path) => (exact.has(path) || prefixes.some((prefix) => path.startsWith(prefix)) ? accept(path) : undefined)];
}

/** The acceptor of what this very process calls: everything, as `acceptor` has it. */
export function ownAcceptor(acceptor: Acceptor): Acceptor {
  return gatedAcceptor(acceptor, { scope: { side: 'self', areas: new Set(SERVED_AREAS) }, admits: undefined });
}

/** Areas that have services called by RPC. */
const AREAS_OF_RPC: readonly ServedArea[] = ['builtins', 'administration', 'weaving'];

/** Each endpoint is gated once, and not for each call. */
function gatedAcceptor(find: Acceptor, admission: Admission): Acceptor {
  const known = new WeakMap<Endpoint, Endpoint>();
  return (path) => {
    const endpoint = find(path);
    if (!endpoint) return undefined;
    const before = known.get(endpoint);
    if (before) return before;
    const through = gated(endpoint, admission);
    known.set(endpoint, through);
    return through;
  };
}

/** Which services may be called: one of an area where the area is served, any other by its name. */
function admissionOf(patterns: readonly string[], open: ReadonlySet<ServedArea>): ServiceAdmission {
  const names = new Set(patterns);
  const prefixes = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  const served = new Set(open);
  // An operator weaves, too.
  if (open.has('administration')) served.add('weaving');
  return (service, area) =>
    area ? served.has(area) : names.has(service) || prefixes.some((prefix) => service.startsWith(prefix));
}

function gated(endpoint: Endpoint, { admits, scope }: Admission): Endpoint {
  const admit = <H extends InboundHead>(head: H): H => {
    head.admits = admits;
    head.scope = scope;
    return head;
  };
  if (typeof endpoint === 'function') return handlerBefore(endpoint, admit);
  if ('pass' in endpoint) return { pass: (passage) => endpoint.pass(admit(passage)) };
  const { stream, call } = endpoint;
  return { stream: (inbound) => stream(admit(inbound)), ...(call && { call: handlerBefore(call, admit) }) };
}
