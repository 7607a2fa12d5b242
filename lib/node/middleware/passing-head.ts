import { mediaTypeOf } from '../../transport/http-headers.js';
import type { InboundHead, PassageHeaders, WireHeaders } from '../../transport/transport.js';
import type { PassingHead, PassingRequest, PassingResponse } from './middleware.js';

/** What passes: its head, with headers of its own, and its body. */
export function passing<K extends PassingRequest['kind'], B>(
  kind: K,
  came: InboundHead,
  body: B,
  listener: string,
  service: string,
): PassingHead & { readonly kind: K; readonly body: B } {
  const { wire, method, path, query, peer, deadline, cancellation } = came;
  const headers = Object.create(null) as Record<string, string>;
  for (const name in came.headers) headers[name] = came.headers[name]!;
  return { kind, listener, wire, method, path, query, service, headers, peer, deadline, cancellation, body };
}

/**
 * What came, as the middleware handed it on.
 *
 * @param own the headers that the middleware was given: they are as they should be
 */
export function inbound<B>(
  came: InboundHead,
  request: PassingHead,
  body: B,
  own: WireHeaders,
): InboundHead & { readonly body: B } {
  const { method, path, query, peer, deadline, cancellation } = request;
  const headers = request.headers === own ? own : copyOf(request.headers);
  const contentType = came.wire === 'http' ? mediaTypeOf(headers['content-type']) : came.contentType;
  const { wire, admits, scope } = came;
  return { path, query, headers, wire, method, contentType, deadline, cancellation, peer, admits, scope, body };
}

/** Headers that a middleware made, as they should be. */
function copyOf(headers: WireHeaders): Record<string, string> {
  const copy = Object.create(null) as Record<string, string>;
  for (const name of Object.keys(headers)) copy[name.toLowerCase()] = headers[name]!;
  return copy;
}

/** Headers of an answer of one's own, without a prototype. */
export function answerHeaders(headers: PassageHeaders | undefined): Record<string, string | readonly string[]> {
  return Object.assign(Object.create(null) as Record<string, string | readonly string[]>, headers);
}

/** The bytes of an answer as they come. */
export async function* asIterable(body: PassingResponse['body']): AsyncGenerator<Uint8Array, void> {
  if (body instanceof Uint8Array) yield body;
  else yield* body;
}
