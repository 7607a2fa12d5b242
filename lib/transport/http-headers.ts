import type { IncomingHttpHeaders } from 'node:http';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { WireHeaders } from './transport.js';

const headerName = /^[0-9a-z_.-]+$/;
const headerValue = /^[\x20-\x7e]*$/;

/** Headers between HTTP and a connection, of no concern to a handler or a caller. */
const plumbing: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'content-length',
  'content-encoding',
  'expect',
  'te',
  'trailer',
  'upgrade',
  'http2-settings',
]);

/** What is received of headers: no pseudo headers, nothing of the connection. */
export function wireHeadersOfHttp(received: IncomingHttpHeaders): WireHeaders {
  const headers = Object.create(null) as Record<string, string>;
  for (const name in received) {
    if (name.charCodeAt(0) === 58 /* : */ || plumbing.has(name)) continue;
    const value = received[name];
    if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return headers;
}

/** Takes a header that is to be sent. */
export type SayHeader = (name: string, value: string) => void;

/**
 * Says what is sent of headers: nothing of the connection.
 *
 * @throws MeshError E0000000400 for a header that cannot be carried
 */
export function sayHeaders(headers: WireHeaders, say: SayHeader): void {
  for (const name in headers) {
    const value = headers[name] as string;
    checkHeader(name, value);
    if (!plumbing.has(name) && name !== 'host') say(name, value);
  }
}

/** The same as a record. @throws MeshError as {@link sayHeaders} */
export function sendableHeaders(headers: WireHeaders): Record<string, string> {
  const sent: Record<string, string> = {};
  sayHeaders(headers, (name, value) => (sent[name] = value));
  return sent;
}

/** @throws MeshError E0000000400 for a header that cannot be carried */
export function checkHeader(name: string, value: string): void {
  if (!headerName.test(name)) throw unsendable(name, 'a name has lower-case letters, digits, "_", "." and "-" only');
  if (!headerValue.test(value)) throw unsendable(name, 'a value has printable ASCII characters only');
}

function unsendable(name: string, rule: string): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, `the header '${name}' cannot be sent: ${rule}`, { neverSent: true });
}

/** A media type without parameters, lower case; empty when there is none. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
}
