import type { PartnerRoute } from './partner-route.js';

/** A route as it stands on the wire (standard, `net/refresh`), and beside it how the partner is reached. */
export interface WireRoute {
  readonly node_id: string;
  readonly inst_id: string;
  readonly name: string;
  readonly inst_name: string;
  /** `host:port`, separated by commas, in the order in which they are tried. */
  readonly address: string;
  readonly describe: string;
  readonly host_root: string;
  readonly host_key: string;
  readonly host_crt: string;
  readonly guest_root: string;
  readonly guest_key: string;
  readonly guest_crt: string;
  readonly status: number;
  readonly version: number;
  readonly auth_code: string;
  /** In ms since 1970; 0 for never. */
  readonly expire_at: number;
  readonly extra: string;
  readonly group: string;
  readonly upstream: number;
  readonly downstream: number;
  readonly static_ip: string;
  readonly proxy: string;
  readonly concurrency: number;
  readonly transport: string;
  readonly mode: string;
  readonly dialect: string;
  /** Empty where it is not spoken to over HTTP: everything is protobuf then. */
  readonly content_type: string;
  readonly timeout_ms: number;
  readonly via: string;
}

/** Writes a route for whoever asks for it: without its secrets, which are the keys and the authorisation code. */
export function writeRoute(route: PartnerRoute): WireRoute {
  return { ...writeRouteToKeep(route), host_key: '', guest_key: '', auth_code: '' };
}

/** Writes a route with its secrets, for the place where routes are kept. */
export function writeRouteToKeep({ details, ...way }: PartnerRoute): WireRoute {
  return {
    node_id: way.nodeId,
    inst_id: way.instId,
    name: details.name,
    inst_name: details.instName,
    address: way.addresses.join(','),
    describe: details.describe,
    host_root: details.hostRoot,
    host_key: details.hostKey,
    host_crt: details.hostCrt,
    guest_root: details.guestRoot,
    guest_key: details.guestKey,
    guest_crt: details.guestCrt,
    status: details.status,
    version: details.version,
    auth_code: details.authCode,
    expire_at: details.expireAt,
    extra: details.extra,
    group: details.group,
    upstream: details.upstream,
    downstream: details.downstream,
    static_ip: details.staticIp,
    proxy: details.proxy,
    concurrency: details.concurrency,
    transport: way.transport,
    mode: way.mode,
    dialect: way.dialect,
    content_type: way.transport === 'http' ? way.contentType : '',
    timeout_ms: way.timeoutMs,
    via: way.via,
  };
}
