import type { CallCodecs } from '../codec/call-codecs.js';
import type { Codec } from '../codec/codec.js';
import { contentTypeOf, packContent, unpackContent } from '../codec/packed-content.js';
import { toMeshError } from '../errors/from-unknown.js';
import { argumentsOf, failureEnvelope, openEnvelope } from '../protocol/envelope.js';
import { callAttachments, callerLocation } from '../protocol/call-attachments.js';
import { CARRIED_HEADERS, Header, isHeaderValue } from '../protocol/headers.js';
import { writePackedFailure, writePackedSuccess } from '../protocol/packed/packed-answer.js';
import { type PackedRequest, readPackedRequest } from '../protocol/packed/packed-request.js';
import { PayloadWriter } from '../protocol/payload.js';
import type { InboundCall, WireHeaders } from '../transport/transport.js';

/** Answers are written into buffers of so many bytes, or of their own when they are longer. */
const BUFFER_BYTES = 16 * 1024;

/** A packed call in the form of the standard. */
export interface UnpackedCall {
  readonly call: InboundCall;
  /** Media type of its body, which not every wire says. */
  readonly contentType: string;
  /** Packs the standard's answer to it. What is no answer becomes E0000000616. */
  pack(answer: Uint8Array): Uint8Array;
}

/**
 * Makes calls of the standard's form out of packed ones, for those who do not understand these: middleware, which reads bodies,
 * and peers of other implementations.
 */
export class StandardCalls {
  private readonly out = new PayloadWriter(BUFFER_BYTES);

  constructor(private readonly codecs: CallCodecs) {}

  /** @throws MeshError E0000000616 or E0000000400 when the call is malformed, what the codec throws */
  of(packed: InboundCall): UnpackedCall {
    const request = readPackedRequest(packed.body);
    const codec = this.codecs.ofContent(request.content);
    const args = argumentsOf(unpackContent(codec, request.content, bytesStayBytes(codec)));
    const deadline =
      packed.deadline === Infinity && request.timeoutMs > 0 ? Date.now() + request.timeoutMs : packed.deadline;
    const headers = headersOf(packed.headers, request);
    const attachments = attachmentsOf(headers, request, deadline);
    const body = codec.encode({ ...args, attachments });
    const { path, query, wire, method, cancellation, peer, admits, scope } = packed;
    const written = contentTypeOf(codec);
    const contentType = wire === 'http' ? written : packed.contentType;
    const call = { path, query, headers, wire, method, contentType, deadline, cancellation, peer, admits, scope, body };
    return { call, contentType: written, pack: (answer) => this.pack(answer, codec) };
  }

  /** The packed answer that tells of an error. */
  failure(error: unknown): Uint8Array {
    writePackedFailure(this.out.clear(), failureEnvelope(toMeshError(error)));
    return this.out.take();
  }

  private pack(answer: Uint8Array, codec: Codec): Uint8Array {
    try {
      writePackedSuccess(this.out.clear(), packContent(codec, openEnvelope(codec.decode(answer))));
      return this.out.take();
    } catch (error) {
      return this.failure(error);
    }
  }
}

/** A codec without a word for bytes gets the base64 text that it would have written; any other says them by itself. */
function bytesStayBytes({ bytesAsText }: Codec): () => boolean {
  return () => !bytesAsText;
}

/** What the body says of trace and session, said in the headers, too. */
function headersOf(packed: WireHeaders, { traceId, spanId, attachments }: PackedRequest): WireHeaders {
  const headers = Object.create(null) as Record<string, string>;
  for (const name in packed) headers[name] = packed[name]!;
  delete headers[Header.FORM];
  headers[Header.TRACE_ID] = traceId;
  headers[Header.SPAN_ID] = spanId;
  for (const name of CARRIED_HEADERS) {
    const value = attachments[name];
    if (value !== undefined && isHeaderValue(value)) headers[name] = value;
  }
  for (const name of [Header.TRACE_ID, Header.SPAN_ID]) if (!isHeaderValue(headers[name]!)) headers[name] = '';
  return headers;
}

/** What our consumers say beside the arguments in the standard's form. */
function attachmentsOf(
  headers: WireHeaders,
  { traceId, spanId, runMode, attachments }: PackedRequest,
  deadline: number,
): Record<string, string> {
  const urn = headers[Header.URN] ?? '';
  const timeoutMs = deadline === Infinity ? undefined : Math.max(1, deadline - Date.now());
  return callAttachments(attachments, { traceId, spanId, runMode, urn, location: locationOf(headers), timeoutMs });
}

/** The caller, as the standard describes it, of what the head says: its ids, and `name@host:port`. */
function locationOf(headers: WireHeaders): string {
  const from = headers[Header.INCOMING_HOST] ?? '';
  const at = from.indexOf('@');
  const colon = from.lastIndexOf(':');
  const isWhole = at >= 0 && colon > at;
  return callerLocation({
    instId: headers[Header.SOURCE_INST_ID] ?? '',
    nodeId: headers[Header.SOURCE_NODE_ID] ?? '',
    host: isWhole ? from.slice(at + 1, colon) : '',
    port: isWhole ? from.slice(colon + 1) : '0',
    name: isWhole ? from.slice(0, at) : from,
  });
}
