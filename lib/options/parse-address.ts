import { isIPv4, isIPv6 } from 'node:net';

/** Port of a node's inner side: the one used where an address names none. */
export const DEFAULT_NODE_PORT = 570;

/** Longest host name that DNS allows. */
const MAX_HOST_LENGTH = 253;

/** A host and a port, apart. An IPv6 host is without brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const BRACKETED = /^\[([^\]]*)\](?::(\d{1,5}))?$/;
const PLAIN = /^([^:]*)(?::(\d{1,5}))?$/;
const HOST_NAME = /^(?:[A-Za-z\d_](?:[\w-]*[A-Za-z\d_])?\.)*[A-Za-z\d_](?:[\w-]*[A-Za-z\d_])?\.?$/;

/**
 * Reads `host:port`. The host is a name, an IPv4 address, or an IPv6 address in brackets (`[::1]:7304`).
 *
 * @param defaultPort taken where the text names no port; without it, a text that names none is refused
 * @returns `undefined` when the text is no address. Port 0 is one: whether it makes sense is for the caller to say
 */
export function parseAddress(text: string, defaultPort?: number): HostPort | undefined {
  const bracketed = BRACKETED.exec(text);
  const [, host, digits] = bracketed ?? PLAIN.exec(text) ?? [];
  if (host === undefined) return undefined;
  if (bracketed ? !isIPv6(host) : !isPlainHost(host)) return undefined;
  const port = digits === undefined ? defaultPort : Number(digits);
  return port === undefined || port > 65_535 ? undefined : { host, port };
}

/** Writes `host:port`, an IPv6 host in brackets: the inverse of {@link parseAddress}. */
export function formatAddress({ host, port }: HostPort): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Completes an address to call: `host:port`, with port 570 where it names none.
 *
 * @returns `undefined` when the text is no address, or its port is 0
 */
export function completeAddress(text: string): string | undefined {
  const address = parseAddress(text, DEFAULT_NODE_PORT);
  return address && address.port > 0 ? formatAddress(address) : undefined;
}

/** Reads a host to bind: a name, an IPv4 address, or an IPv6 address with or without brackets. */
export function parseHost(text: string): string | undefined {
  if (isIPv6(text)) return text;
  return parseAddress(text.endsWith(']') || !text.includes(':') ? text : '', 0)?.host;
}

/** A host of digits and dots only is an IPv4 address or a mistake: no name looks like that. */
function isPlainHost(host: string): boolean {
  if (/^[\d.]+$/.test(host)) return isIPv4(host);
  return host.length <= MAX_HOST_LENGTH && HOST_NAME.test(host);
}
