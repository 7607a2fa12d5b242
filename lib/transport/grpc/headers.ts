import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { Header } from '../../protocol/headers.js';
import { checkHeader } from '../http-headers.js';
import type { WireHeaders } from '../transport.js';

/** Encodings of messages that are understood. */
export const ACCEPTED_ENCODINGS = 'identity,gzip,deflate';

/** Largest `grpc-message` sent, in characters before escaping, so that the trailers of an answer are never refused. */
const MAX_STATUS_MESSAGE = 1024;

const loneSurrogate = /\p{Surrogate}/gu;
const timeout = /^(\d{1,8})([HMSmun])$/;
const msOfUnit: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** Headers between gRPC and HTTP/2, of no concern to a handler. */
const plumbing = new Set<string>([
  'te',
  'content-type',
  'user-agent',
  'accept-encoding',
  'grpc-timeout',
  'grpc-encoding',
  'grpc-accept-encoding',
  Header.TUNNEL,
]);

/**
 * The HTTP/2 headers that open a call.
 *
 * @param remainingMs time until the caller gives up; `Infinity` sends no `grpc-timeout`
 * @throws MeshError E0000000400 for a header that gRPC cannot carry
 */
export function requestHeaders(
  authority: string,
  path: string,
  headers: WireHeaders,
  remainingMs: number,
): OutgoingHttpHeaders {
  const request: OutgoingHttpHeaders = {
    ':method': 'POST',
    ':authority': authority,
    ':path': path,
    te: 'trailers',
    'content-type': 'application/grpc',
    'grpc-accept-encoding': ACCEPTED_ENCODINGS,
  };
  if (remainingMs !== Infinity) request['grpc-timeout'] = encodeTimeout(remainingMs);
  for (const name in headers) {
    const value = headers[name] as string;
    checkHeader(name, value);
    if (!plumbing.has(name)) request[name] = value;
  }
  return request;
}

/** What a handler sees of the headers that opened a call: no pseudo headers, nothing of gRPC's own, nothing binary. */
export function wireHeadersOf(received: IncomingHttpHeaders): WireHeaders {
  const headers = Object.create(null) as Record<string, string>;
  for (const name in received) {
    if (name.charCodeAt(0) === 58 /* : */ || plumbing.has(name) || name.endsWith('-bin')) continue;
    const value = received[name];
    if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return headers;
}

/** `grpc-timeout` for a time in ms: eight digits at most, in the finest unit that holds it. */
export function encodeTimeout(ms: number): string {
  const whole = Math.max(0, Math.ceil(ms));
  if (whole < 1e8) return `${whole}m`;
  const seconds = Math.ceil(whole / 1000);
  return seconds < 1e8 ? `${seconds}S` : `${Math.min(99_999_999, Math.ceil(seconds / 3600))}H`;
}

/** The ms that a `grpc-timeout` says; `undefined` when it is malformed. */
export function decodeTimeout(value: string): number | undefined {
  const [, digits, unit] = timeout.exec(value) ?? [];
  return digits === undefined || unit === undefined ? undefined : Number(digits) * (msOfUnit[unit] ?? NaN);
}

/** Escapes a message for `grpc-message`: percent encoding of all that is not printable ASCII. */
export function encodeStatusMessage(message: string): string {
  return encodeURI(message.slice(0, MAX_STATUS_MESSAGE).replace(loneSurrogate, '\ufffd'));
}

/** The message that a peer has put into `grpc-message`; as it came when it is not escaped properly. */
export function decodeStatusMessage(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
