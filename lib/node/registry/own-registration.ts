import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import { codecNumber, protoNumber } from '../../protocol/flag.js';
import { Header } from '../../protocol/headers.js';
import { formatUrn } from '../../protocol/urn.js';
import type { RegisteredService, Registration } from '../../registry/registration.js';

/** What this application says of itself. */
export type OwnApp = Pick<
  ResolvedMeshOptions,
  'name' | 'version' | 'nodeId' | 'instId' | 'domain' | 'subset' | 'timeoutMs'
>;

/** A service that this application provides. */
export interface OwnService {
  readonly service: string;
  /** Deadline of a call, in ms. Default: that of the application. */
  readonly timeoutMs?: number | undefined;
}

/** Where this application is reached. */
export interface OwnPlace {
  /** `host:port`, as others reach it. */
  readonly address: string;
  /** Name of the protocol spoken there, as in a URN's flag. */
  readonly proto: string;
  /** Format of the codec that is used there. */
  readonly codec: string;
}

/** Language that services are said to be written in. */
const LANG = 'TypeScript';

/** The registration of this application, as an SDK writes it. The instance is the address, unless it has an id of its own. */
export function ownRegistration(
  app: OwnApp,
  services: readonly OwnService[],
  place: OwnPlace,
  { instanceId, lifetimeMs }: { readonly instanceId: string; readonly lifetimeMs: number },
): Registration {
  return {
    instanceId: instanceId || place.address,
    name: app.name,
    kind: 'metadata',
    address: place.address,
    lifetimeMs,
    attachments: { [Header.SUBSET]: app.subset, [`${app.name}.version`]: app.version },
    services: services.map((service) => ownService(app, service, place)),
    references: [],
  };
}

function ownService(app: OwnApp, { service, timeoutMs }: OwnService, place: OwnPlace): RegisteredService {
  const { nodeId, instId, domain } = app;
  const flag = { proto: protoNumber(place.proto), codec: codecNumber(place.codec) };
  const dot = service.lastIndexOf('.');
  return {
    urn: formatUrn({ name: service, nodeId, flag, domain }),
    namespace: service.slice(0, Math.max(0, dot)),
    name: service.slice(dot + 1),
    version: '',
    proto: place.proto,
    codec: place.codec,
    flags: 0,
    timeout: timeoutMs ?? app.timeoutMs,
    retries: 0,
    node: nodeId,
    inst: instId,
    zone: '',
    cluster: '',
    cell: '',
    group: '',
    address: place.address,
    kind: 'MPS',
    lang: LANG,
    attrs: {},
  };
}
