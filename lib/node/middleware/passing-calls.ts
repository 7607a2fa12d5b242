import { within } from '../../context/within.js';
import { isPacked, PACKED_TYPE } from '../../protocol/packed/form.js';
import { settleLost } from '../../transport/answers.js';
import {
  type CallAnswer,
  type CallHandler,
  type InboundCall,
  type WireHeaders,
  refusing,
} from '../../transport/transport.js';
import type { UnpackedCall } from '../standard-calls.js';
import type { Checkpoint } from './checkpoint.js';
import { Crossing } from './crossing.js';
import type { PassingCall, PassingRequest, PassingResponse } from './middleware.js';
import { answerHeaders, inbound, passing } from './passing-head.js';

/** A handler of calls, with the middleware of a listener around it. */
export function passingCalls(handler: CallHandler, checkpoint: Checkpoint): CallHandler {
  const serve = (call: InboundCall): Promise<Uint8Array | CallAnswer> => {
    const service = checkpoint.serviceOf(call);
    if (!checkpoint.concerns(call, service)) return handler(call);
    if (isPacked(call.headers)) return passUnpacked(call, handler, checkpoint, service);
    return new CrossingCall(call, handler, checkpoint, service).serve();
  };
  return refusing(serve, handler.refuse);
}

/**
 * Lets a packed call pass in the standard's form, which is what middleware reads, and packs the answer. One that cannot be
 * unpacked is refused here: its handler must not see what the middleware has not.
 */
async function passUnpacked(
  call: InboundCall,
  handler: CallHandler,
  checkpoint: Checkpoint,
  service: string,
): Promise<Uint8Array | CallAnswer> {
  let unpacked: UnpackedCall;
  try {
    unpacked = checkpoint.standard.of(call);
  } catch (error) {
    return packedAnswer(call, checkpoint.standard.failure(error));
  }
  const answer = await new CrossingCall(unpacked.call, handler, checkpoint, service).serve();
  if (answer instanceof Uint8Array) return unpacked.pack(answer);
  return { ...answer, body: unpacked.pack(answer.body), contentType: PACKED_TYPE };
}

function packedAnswer({ wire }: InboundCall, body: Uint8Array): Uint8Array | CallAnswer {
  return wire === 'grpc' ? body : { body, contentType: PACKED_TYPE };
}

/** One call on its way through middleware. */
class CrossingCall {
  private readonly request: PassingCall;
  private readonly crossing: Crossing;
  /** What the handler answered. It is to learn what became of it, whatever the middleware made of it. */
  private answer: Uint8Array | CallAnswer | undefined;
  private isOver = false;

  constructor(
    private readonly call: InboundCall,
    private readonly handler: CallHandler,
    { listener, members }: Checkpoint,
    service: string,
  ) {
    this.request = passing('call', call, call.body, listener, service);
    this.crossing = new Crossing(members, this.request, (request) => this.reach(request));
  }

  async serve(): Promise<Uint8Array | CallAnswer> {
    const { service, path, deadline, cancellation } = this.request;
    try {
      const patience = { what: service || path, deadline, cancellation };
      return this.answerOf(await within(patience, () => this.crossing.begin()));
    } catch (error) {
      return this.refuse(error);
    } finally {
      this.isOver = true;
    }
  }

  private async reach(request: PassingRequest): Promise<PassingResponse> {
    const answer = await this.handler(inbound(this.call, request, request.body as Uint8Array, this.request.headers));
    if (this.isOver) settleLost(answer);
    else this.answer = answer;
    return responseOf(answer);
  }

  /** The response as an answer, in place of the handler's. */
  private answerOf({ status, headers, body }: PassingResponse): Uint8Array | CallAnswer {
    const bytes = body as Uint8Array;
    const { answer } = this;
    const settle = answer instanceof Uint8Array ? undefined : answer?.settle?.bind(answer);
    if (this.call.wire === 'grpc') return settle ? { body: bytes, settle } : bytes;
    const { 'content-type': contentType, ...others } = textsOf(headers);
    return {
      body: bytes,
      status,
      headers: others,
      ...(contentType !== undefined && { contentType }),
      ...(settle && { settle }),
    };
  }

  private refuse(error: unknown): Uint8Array | CallAnswer {
    if (this.answer) settleLost(this.answer);
    if (this.crossing.isFromBehind(error)) throw error;
    const told = this.crossing.told(error, 'a middleware');
    if (!this.handler.refuse) throw told;
    return this.handler.refuse(told, this.call);
  }
}

function responseOf(answer: Uint8Array | CallAnswer): PassingResponse {
  if (answer instanceof Uint8Array) return { status: 200, headers: answerHeaders(undefined), body: answer };
  const { body, contentType, status = 200, headers: said } = answer;
  const headers = answerHeaders(said);
  if (contentType !== undefined) headers['content-type'] = contentType;
  return { status, headers, body };
}

/** Several values of one header are one, with commas between them. */
function textsOf(headers: PassingResponse['headers']): WireHeaders {
  const texts = Object.create(null) as Record<string, string>;
  for (const name in headers) {
    const value = headers[name]!;
    texts[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return texts;
}
