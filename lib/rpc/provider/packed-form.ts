import type { WrittenFailure } from '../../codec/call-codecs.js';
import type { Codec } from '../../codec/codec.js';
import { packContent, unpackContent } from '../../codec/packed-content.js';
import { MeshContext } from '../../context/mesh-context.js';
import type { MeshError } from '../../errors/mesh-error.js';
import { argumentsOf, failureEnvelope } from '../../protocol/envelope.js';
import { Header } from '../../protocol/headers.js';
import { PACKED_TYPE } from '../../protocol/packed/form.js';
import { writePackedFailure, writePackedSuccess } from '../../protocol/packed/packed-answer.js';
import { type PackedRequest, readPackedRequest } from '../../protocol/packed/packed-request.js';
import { PayloadWriter } from '../../protocol/payload.js';
import { isSpanId, isTraceId, newTraceId, ROOT_SPAN_ID } from '../../protocol/trace.js';
import type { CallAnswer, InboundCall } from '../../transport/transport.js';
import type { CallForm, CallReading, ReadCall } from './call-form.js';
import { carriedOn, statedDeadline } from './inbound-context.js';
import { SharedHeads } from './shared-heads.js';
import type { PayloadPlace } from '../../protocol/payload-place.js';

/** Answers are written into buffers of so many bytes, or of their own when they are longer. */
const BUFFER_BYTES = 16 * 1024;

/** The packed form of our own ends (docs/tcp-protocol.md): the head says what calls have in common, the body all else. */
export class PackedForm implements CallForm {
  private readonly heads: SharedHeads;
  private readonly out = new PayloadWriter(BUFFER_BYTES);

  constructor(private readonly reading: CallReading) {
    this.heads = new SharedHeads(reading);
  }

  read(call: InboundCall): ReadCall {
    const { called, bytesAt, source, target, carried } = this.heads.of(call);
    const request = readPackedRequest(call.body);
    const { traceId, spanId, runMode, content } = request;
    const codec = this.reading.codecs.ofContent(content);
    const args = argumentsOf(unpackContent(codec, content, bytesAt));
    const context = new MeshContext({
      traceId: isTraceId(traceId) ? traceId : newTraceId(),
      spanId: isSpanId(spanId) ? spanId : ROOT_SPAN_ID,
      urn: called.urn,
      service: called.provider.service,
      runMode,
      source,
      target,
      attachments: carriedOn(carried, request.attachments),
      deadline: this.deadlineOf(call, request, called.provider.timeoutMs),
      cancellation: call.cancellation,
    });
    return { called, args, context, codec };
  }

  success(content: unknown, codec: Codec, place: PayloadPlace): Uint8Array | CallAnswer {
    const tail = writePackedSuccess(this.out.clear(), packContent(codec, content ?? null), place);
    const body = this.out.take();
    return tail ? { body, tail } : body;
  }

  failure(error: MeshError): WrittenFailure {
    writePackedFailure(this.out.clear(), failureEnvelope(error));
    return { body: this.out.take(), contentType: PACKED_TYPE };
  }

  /** What went wrong is not written by any codec. */
  codecOf(): Codec {
    return this.reading.codecs.own;
  }

  contentTypeOf(): string {
    return PACKED_TYPE;
  }

  /** Where the transport says the time, the body need not. */
  private deadlineOf(call: InboundCall, { timeoutMs }: PackedRequest, otherwise = this.reading.timeoutMs): number {
    const own = call.deadline === Infinity ? timeoutMs : 0;
    return statedDeadline(call.deadline, own || Number(call.headers[Header.TIMEOUT]), otherwise);
  }
}
