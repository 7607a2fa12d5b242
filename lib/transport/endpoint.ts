import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import { bodyOf, settleDelivered, settleLost } from './answers.js';
import type {
  CallAnswer,
  CallHandler,
  Endpoint,
  InboundCall,
  InboundStream,
  PassageEndpoint,
  StreamHandler,
} from './transport.js';

/** Whether what serves a path hands requests on as they come. */
export function isPassage(endpoint: Endpoint | undefined): endpoint is PassageEndpoint {
  return typeof endpoint === 'object' && 'pass' in endpoint;
}

/** The error for a path where nothing is served. */
export function nothingAt(path: string): MeshError {
  return new MeshError(MeshCode.NO_SERVICE, `nothing is served at '${path}'`);
}

/** What serves a single call. @throws MeshError E0000000617 when nothing does, or only streams are served */
export function callHandlerOf(endpoint: Endpoint | undefined, path: string): CallHandler {
  if (!endpoint) throw nothingAt(path);
  if (typeof endpoint === 'function') return endpoint;
  if (isPassage(endpoint)) throw nothingAt(path);
  if (endpoint.call) return endpoint.call;
  throw new MeshError(MeshCode.NO_SERVICE, `'${path}' is served as a stream over gRPC only`);
}

/** What serves a stream. @throws MeshError E0000000617 when nothing does */
export function streamHandlerOf(endpoint: Endpoint | undefined, path: string): StreamHandler {
  if (!endpoint) throw nothingAt(path);
  if (typeof endpoint === 'function') return (stream) => serveEach(endpoint, stream);
  if (isPassage(endpoint)) throw nothingAt(path);
  return endpoint.stream;
}

async function serveEach(handler: CallHandler, stream: InboundStream): Promise<void> {
  const { path, query, headers, wire, method, contentType, deadline, cancellation, peer, admits, scope } = stream;
  for await (const body of stream.messages) {
    const call: InboundCall = {
      path,
      query,
      headers,
      wire,
      method,
      contentType,
      deadline,
      cancellation,
      peer,
      admits,
      scope,
      body,
    };
    await deliver(await handler(call), stream);
  }
}

async function deliver(answer: Uint8Array | CallAnswer, stream: InboundStream): Promise<void> {
  try {
    await stream.send(bodyOf(answer));
  } catch (error) {
    settleLost(answer);
    throw error;
  }
  settleDelivered(answer);
}
