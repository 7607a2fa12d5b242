import type { PartnerRoute } from '../node/partners/partner-route.js';
import type { ResolvedMeshOptions } from '../options/mesh-options.js';

/** What the lines tell beside the options. */
export interface StartFacts {
  readonly version: string;
  /** The partners, wherever they come from. */
  readonly partners: readonly PartnerRoute[];
  /** Time from the start of the process until it listened, in ms. */
  readonly readyMs: number;
}

const DEFAULT_NODE_ID = 'LX0000000000000';
const DEFAULT_INST_ID = 'JG0000000000000000';

/** Most partners that are named. */
const MAX_PARTNERS = 20;

/**
 * What a node prints once it listens: who it is, what listens where and serves what, which partners it has.
 *
 * @param addresses where it listens, one for each listener and transport, in their order
 */
export function startLines(
  options: ResolvedMeshOptions,
  addresses: readonly string[],
  { version, partners, readyMs }: StartFacts,
): readonly string[] {
  const { nodeId, instId, name, domain, addresses: nodes, registry } = options;
  return [
    `mesh-node ${version}`,
    line('node', `${nodeId} of institution ${instId}, named ${name}, in ${domain}`),
    ...defaultIds(options),
    ...listenLines(options, addresses),
    ...partnerLines(partners),
    ...(nodes.length > 0 ? [line('forwards', `calls that nothing here serves to ${nodes.join(', ')}`)] : []),
    ...(registry ? [line('registers', `at ${registry.addresses.join(', ')}`)] : []),
    line('ready', `after ${readyMs} ms; SIGTERM or Ctrl-C ends it`),
  ];
}

function defaultIds({ nodeId, instId }: ResolvedMeshOptions): readonly string[] {
  const flags = [
    ...(nodeId === DEFAULT_NODE_ID ? ['--node-id'] : []),
    ...(instId === DEFAULT_INST_ID ? ['--inst-id'] : []),
  ];
  if (flags.length === 0) return [];
  return [line('', `a default id serves to try it out: choose your own with ${flags.join(' and ')}`)];
}

function listenLines({ listeners }: ResolvedMeshOptions, addresses: readonly string[]): readonly string[] {
  const doors = listeners.flatMap((listener) =>
    (listener.transports ?? ['grpc']).map((transport) => ({ listener, transport })),
  );
  return doors.map(({ listener: { tls, side, serves }, transport }, place) => {
    const spoken = transport === 'grpc' ? 'gRPC, HTTP/2, HTTP/1.1' : transport;
    const secured = tls === undefined ? '' : tls.plaintext === 'serve' ? ', with TLS and without' : ', with TLS only';
    return line('listens', `at ${addresses[place]} (${side} side: ${spoken}${secured}); serves ${serves.join(', ')}`);
  });
}

function partnerLines(partners: readonly PartnerRoute[]): readonly string[] {
  if (partners.length === 0) return [line('partners', 'none; --partner NODE@INST=ADDRESS names one')];
  const others = partners.length - MAX_PARTNERS;
  const more = others > 0 ? [line('', `and ${others} more partners`)] : [];
  return [...partners.slice(0, MAX_PARTNERS).map(partnerLine), ...more];
}

function partnerLine({ nodeId, instId, addresses, transport, via, origin }: PartnerRoute): string {
  const institution = instId === '' ? '' : ` of institution ${instId}`;
  const from = origin === 'options' ? '' : origin === 'file' ? ', by the file of routes' : ', by administration';
  return line('partner', `${nodeId}${institution} at ${addresses.join(', ')} over ${transport}, ${via}${from}`);
}

function line(what: string, text: string): string {
  return `  ${what.padEnd(9)} ${text}`;
}
