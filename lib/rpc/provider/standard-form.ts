import type { WrittenFailure } from '../../codec/call-codecs.js';
import type { Codec } from '../../codec/codec.js';
import { contentTypeOf } from '../../codec/packed-content.js';
import type { MeshError } from '../../errors/mesh-error.js';
import { splitRequest, successEnvelope } from '../../protocol/envelope.js';
import { Header } from '../../protocol/headers.js';
import type { InboundCall } from '../../transport/transport.js';
import type { CallForm, CallReading, ReadCall } from './call-form.js';
import { inboundContext, inboundDeadline } from './inbound-context.js';

/** The form of the standard: one object with the arguments and `attachments`, answered by an envelope (PROTOCOL 7). */
export class StandardForm implements CallForm {
  readonly contentTypeOf = contentTypeOf;

  constructor(private readonly reading: CallReading) {}

  read(call: InboundCall): ReadCall {
    const { reading } = this;
    const urn = call.headers[Header.URN];
    const early = urn ? reading.find(urn, call) : undefined;
    const codec = reading.codecs.ofCall(call, early?.codec);
    const { args, attachments } = splitRequest(codec.decode(call.body));
    const called = early ?? reading.find(attachments[Header.URN], call);
    const deadline = inboundDeadline(call, attachments, called.provider.timeoutMs ?? reading.timeoutMs);
    return { called, args, context: inboundContext(call, called, attachments, deadline), codec };
  }

  success(content: unknown, codec: Codec): Uint8Array {
    return codec.encode(successEnvelope(content));
  }

  failure(error: MeshError, codec: Codec): WrittenFailure {
    return this.reading.codecs.failure(error, codec);
  }

  codecOf(call: InboundCall): Codec {
    return this.reading.codecs.ofHead(call);
  }
}
