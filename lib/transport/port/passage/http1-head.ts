import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { mediaTypeOf } from '../../http-headers.js';
import { peerOf } from '../../peer.js';
import type { WireHeaders } from '../../transport.js';
import type { PassageHead } from './passage-exchange.js';

/** What a passage over HTTP/1.1 begins with, but for where it goes. */
export function headOfHttp1(request: IncomingMessage): Omit<PassageHead, 'path' | 'query' | 'target' | 'upgrade'> {
  const { headers, method = '', socket } = request;
  return {
    headers: plainHeaders(headers),
    wire: 'http',
    method,
    contentType: mediaTypeOf(headers['content-type']),
    version: '1.1',
    scheme: (socket as Partial<TLSSocket>).encrypted ? 'https' : 'http',
    length: lengthOf(request),
    deadline: Infinity,
    peer: peerOf(socket),
  };
}

/** How long the body is that a request announces (RFC 9112, 6.3). */
export function lengthOf({ headers }: Pick<IncomingMessage, 'headers'>): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  return Number(headers['content-length'] ?? 0);
}

/** Headers as they came, but for pseudo headers; by name, without a prototype. */
export function plainHeaders(received: Readonly<Record<string, string | string[] | undefined>>): WireHeaders {
  const headers = Object.create(null) as Record<string, string>;
  for (const name in received) {
    const value = received[name];
    if (value === undefined || name.startsWith(':')) continue;
    headers[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return headers;
}
