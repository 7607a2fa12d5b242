import { mediaTypeOf } from '../../transport/http-headers.js';
import type { InboundHead, PassageHeaders, WireHeaders } from '../../transport/transport.js';
import type { PassingHead, PassingResponse } from './middleware.js';

/** The head of what passes, with headers of its own. */
export function passingHead(head: InboundHead, listener: string, service: string): PassingHead {
  const { wire, method, path, query, headers, peer, deadline, cancellation } = head;
  const own = copyOf(headers);
  return { listener, wire, method, path, query, service, headers: own, peer, deadline, cancellation };
}

/**
 * The head of what came, as the middleware handed it on.
 *
 * @param own the headers that the middleware was given: they are as they should be
 */
export function inboundHead(
  came: InboundHead,
  { method, path, query, headers: given, peer, deadline, cancellation }: PassingHead,
  own: WireHeaders,
): InboundHead {
  const headers = given === own ? own : copyOf(given);
  const contentType = came.wire === 'http' ? mediaTypeOf(headers['content-type']) : came.contentType;
  const { wire, admits, scope } = came;
  return { path, query, headers, wire, method, contentType, deadline, cancellation, peer, admits, scope };
}

/** Headers of one's own, without a prototype. */
export function copyOf(headers: WireHeaders): Record<string, string> {
  const copy = Object.create(null) as Record<string, string>;
  for (const name in headers) copy[name.toLowerCase()] = headers[name]!;
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
