import { formatUrn, LOCAL_INST_ID, LOCAL_NODE_ID } from '../../lib/protocol/urn.js';
import type { RegisteredService, Registration } from '../../lib/registry/registration.js';

/** A service of a registration; what is not said is as the SDKs say it. */
export function serviceOf(said: Partial<RegisteredService>): RegisteredService {
  return {
    urn: '',
    namespace: 'Tokenizer',
    name: 'apply',
    version: '',
    proto: 'grpc',
    codec: 'json',
    flags: 0,
    timeout: 10_000,
    retries: 0,
    node: LOCAL_NODE_ID,
    inst: LOCAL_INST_ID,
    zone: '',
    cluster: '',
    cell: '',
    group: '',
    address: '',
    kind: 'MPS',
    lang: 'Python3',
    attrs: {},
    ...said,
  };
}

/** The registration of an instance at an address, which provides the services of these names. */
export function registrationOf(
  address: string,
  services: readonly string[],
  said: Partial<Registration> = {},
): Registration {
  return {
    instanceId: address,
    name: 'trust',
    kind: 'metadata',
    address,
    lifetimeMs: 30_000,
    attachments: {},
    services: services.map((name) => serviceOf({ urn: formatUrn({ name, nodeId: LOCAL_NODE_ID }), address })),
    references: [],
    ...said,
  };
}
