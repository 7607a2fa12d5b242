import type { FieldFormats, RawRequest } from '../protocol/dialect.js';
import { isProtobuf, typeOf } from '../protocol/dialects/content.js';
import { headerTopic, writeHead } from '../protocol/dialects/head.js';
import { Header, isHeaderValue, standardSpelling } from '../protocol/headers.js';
import { forwardHeaders } from '../protocol/interconnect.js';
import type { SessionOperation, SessionRequest } from '../protocol/session-call.js';
import { newTraceId } from '../protocol/trace.js';
import type { OwnNode } from '../session/handle/local-port.js';
import { bodyFormOf, type Partner } from './partners/partner.js';

/** A request as a partner is to get it, before it is wrapped: its headers in the standard's spelling. */
export interface ForwardedRequest {
  readonly operation: SessionOperation;
  readonly headers: Readonly<Record<string, string>>;
  /** Content type of the body over HTTP; empty where the body is no message. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

type Spoken = Omit<ForwardedRequest, 'operation'>;

/**
 * Writes a request for a partner. Where the partner reads it as it came, its body goes on byte for byte; else it is encoded
 * anew in the partner's dialect.
 *
 * @param raw the request as it stood on the wire, when it came over one
 * @throws MeshError E0000000503 when it has passed this node before; E0000000400 when a header or the partner's dialect cannot
 * say something
 */
export function forwardedRequest(
  partner: Partner,
  own: OwnNode,
  request: SessionRequest,
  raw: RawRequest | undefined,
  formats: FieldFormats,
): ForwardedRequest {
  const { mode } = partner.route;
  const { wire } = partner.encoding;
  const named = withParties(request, partner, own);
  const spoken = asItCame(partner, named, raw, formats) ?? anew(partner, named, raw, formats);
  const { operation } = request;
  const headers = forwardHeaders(spoken.headers, { nodeId: own.nodeId, operation, wire, mode });
  return { ...spoken, operation, headers };
}

/** Fills in who sends it, which node it is for, and its trace, where the request does not say. */
function withParties(request: SessionRequest, { route }: Partner, own: OwnNode): SessionRequest {
  const { parties, traceId } = request;
  const isFromHere = parties.sourceNodeId === '' && parties.sourceInstId === '';
  return {
    ...request,
    traceId: traceId || newTraceId(),
    parties: {
      sourceNodeId: isFromHere ? own.nodeId : parties.sourceNodeId,
      sourceInstId: isFromHere ? own.instId : parties.sourceInstId,
      targetNodeId: parties.targetNodeId || route.nodeId,
      targetInstId: parties.targetInstId,
    },
  };
}

function anew(partner: Partner, request: SessionRequest, raw: RawRequest | undefined, formats: FieldFormats): Spoken {
  const { wire } = partner.encoding;
  const written = partner.dialect.writeRequest(request, wire, partner.route.contentType, formats);
  const headers = raw ? standardSpelling(raw.headers) : {};
  // Where the topic is said is the dialect's to decide: what the headers said of it may be another's.
  delete headers[Header.TOPIC];
  return { headers: Object.assign(headers, written.headers), contentType: written.contentType, body: written.body };
}

/** The request with its body as it came; `undefined` when the partner would not read it as it was read here. */
function asItCame(
  partner: Partner,
  request: SessionRequest,
  raw: RawRequest | undefined,
  formats: FieldFormats,
): Spoken | undefined {
  if (!raw || !isEncodedFor(partner, request, raw)) return undefined;
  const headers = Object.assign(standardSpelling(raw.headers), writeHead(request));
  const contentType = partner.form === 'payload' ? '' : partner.encoding.contentType;
  const { body, query } = raw;
  if (!headers[Header.TOPIC]) return { headers, contentType, body };
  // Body and headers may name two topics, and dialects differ in which of them counts.
  if (headerTopic(headers) !== request.topic || !isHeaderValue(request.topic)) return undefined;
  const sent = { operation: request.operation, wire: partner.encoding.wire, headers, query, contentType, body };
  return partner.dialect.readRequest(sent, formats).topic === request.topic
    ? { headers, contentType, body }
    : undefined;
}

/** Whether a body has the form and the encoding that a partner reads. Protobuf is the same over gRPC and HTTP. */
function isEncodedFor({ form, encoding }: Partner, request: SessionRequest, raw: RawRequest): boolean {
  if (bodyFormOf(request, raw.body) !== form) return false;
  if (form === 'payload') return true;
  if (isProtobuf(raw)) return isProtobuf(encoding);
  return encoding.wire === raw.wire && typeOf(encoding) === typeOf(raw);
}
