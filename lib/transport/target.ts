import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { SecureDial } from './secure-dial.js';

/** Where a connection goes. */
export interface Target {
  readonly address: string;
  readonly host: string;
  readonly port: number;
  /** How connections are made secure; absent: they are not. */
  readonly secure?: SecureDial | undefined;
}

/** `host:port`; an IPv6 host stands in brackets. */
const hostAndPort = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/?#@]+)):(\d{1,5})$/;

/**
 * Reads an address.
 *
 * @param secure how connections to it are made secure
 * @throws MeshError E0000000619 when it is not `host:port`
 */
export function targetOf(address: string, secure?: SecureDial): Target {
  const [, ipv6, name, digits] = hostAndPort.exec(address) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  if (host === undefined || !(port > 0 && port < 65_536)) {
    const message = `'${address}' is no address: expected host:port, such as 127.0.0.1:7304`;
    throw new MeshError(MeshCode.ADDRESS_UNREACHABLE, message, { neverSent: true });
  }
  return { address, host, port, secure };
}
