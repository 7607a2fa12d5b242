import { Cancellation } from '../../lib/context/cancellation.js';
import { JsonCodec } from '../../lib/codec/json/json-codec.js';
import { CalledServices } from '../../lib/node/middleware/called-service.js';
import type { ScopedMiddleware } from '../../lib/node/middleware/crossing.js';
import type {
  Middleware,
  MiddlewareScope,
  PassingNext,
  PassingRequest,
  PassingResponse,
} from '../../lib/node/middleware/middleware.js';
import { CallCodecs } from '../../lib/codec/call-codecs.js';
import { StandardCalls } from '../../lib/node/standard-calls.js';
import { MiddlewareChain } from '../../lib/node/middleware/middleware-chain.js';
import { readScope } from '../../lib/node/middleware/scope.js';
import { resolveMeshOptions } from '../../lib/options/resolve-options.js';
import { formatUrn } from '../../lib/protocol/urn.js';
import type { InboundCall, InboundPassage } from '../../lib/transport/transport.js';

/** What a middleware of a test does. */
export type Handle = (request: PassingRequest, next: PassingNext) => Promise<PassingResponse>;

/** Hands everything on as it comes. */
export const passOn: Handle = (request, next) => next(request);

/** Hands everything on, every message in a copy of its own. */
export const copyEach: Handle = async (request, next) => {
  const response = await next(
    request.kind === 'call'
      ? { ...request, body: Buffer.from(request.body) }
      : { ...request, body: copies(request.body) },
  );
  const { body } = response;
  return { ...response, body: body instanceof Uint8Array ? Buffer.from(body) : copies(body) };
};

async function* copies(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const message of body) yield Buffer.from(message);
}

/** A middleware with a scope. */
export function middleware(name: string, handle: Handle, scope?: MiddlewareScope): ScopedMiddleware {
  const made: Middleware = { handle };
  return { name, middleware: made, scope: readScope(name, scope) };
}

/** A chain of middleware, the first outermost. */
export function chainOf(...members: readonly ScopedMiddleware[]): MiddlewareChain {
  const codec = new JsonCodec(resolveMeshOptions({}, {}));
  const codecs = new CallCodecs(codec, []);
  return new MiddlewareChain(members, new CalledServices(codecs), new StandardCalls(codecs));
}

/** The URN of a service. */
export function urnOf(name: string): string {
  return formatUrn({ name, nodeId: 'LX0000010000010' });
}

/** A call as a listener hands it on. */
export function inboundCall(init: Partial<InboundCall> = {}): InboundCall {
  return {
    path: '/p',
    query: '',
    headers: Object.freeze(Object.assign(Object.create(null) as Record<string, string>, { 'x-a': '1' })),
    wire: 'grpc',
    method: 'POST',
    contentType: 'application/grpc',
    deadline: Infinity,
    cancellation: new Cancellation(),
    peer: '127.0.0.1:4000',
    body: Buffer.from('hello'),
    ...init,
  };
}

/** A request as it stands on the wire. */
export function inboundPassage(init: Partial<InboundPassage> = {}): InboundPassage {
  const { body: _, ...head } = inboundCall({ wire: 'http', method: 'GET', contentType: '', path: '/reports/1' });
  return {
    ...head,
    target: '/reports/1',
    version: '1.1',
    scheme: 'http',
    length: undefined,
    upgrade: '',
    body: chunks('one', 'two'),
    trailers: () => ({ 'x-end': 'in' }),
    ...init,
  };
}

/** Bytes as they come. */
export async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array, void> {
  for (const text of texts) yield Buffer.from(text);
}

/** What comes, as texts. */
export async function textsIn(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<readonly string[]> {
  if (body instanceof Uint8Array) return [Buffer.from(body).toString()];
  const texts: string[] = [];
  for await (const chunk of body) texts.push(Buffer.from(chunk).toString());
  return texts;
}
