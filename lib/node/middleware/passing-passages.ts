import type { Cancellation } from '../../context/cancellation.js';
import { within } from '../../context/within.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { InboundPassage, PassageAnswer, PassageEndpoint, PassageHeaders } from '../../transport/transport.js';
import type { Checkpoint } from './checkpoint.js';
import { Crossing } from './crossing.js';
import { linkedTo } from './linked-cancellation.js';
import type { PassingPassage, PassingRequest, PassingResponse } from './middleware.js';
import { answerHeaders, asIterable, inbound, passing } from './passing-head.js';

/** What hands requests on as they come, with the middleware of a listener around it. */
export function passingPassages(endpoint: PassageEndpoint, checkpoint: Checkpoint): PassageEndpoint {
  return {
    pass: (passage) => {
      const service = checkpoint.serviceOf(passage);
      if (!checkpoint.concerns(passage, service)) return endpoint.pass(passage);
      return new CrossingPassage(passage, endpoint, checkpoint, service).serve();
    },
  };
}

/** One request on its way through middleware, as bytes. */
class CrossingPassage {
  private readonly request: PassingPassage;
  private readonly crossing: Crossing;
  /** What stands behind stops with the caller, and when nobody reads its answer. */
  private readonly behind: Cancellation;
  private answer: PassageAnswer | undefined;

  constructor(
    private readonly passage: InboundPassage,
    private readonly endpoint: PassageEndpoint,
    { listener, members }: Checkpoint,
    service: string,
  ) {
    this.request = passing('passage', passage, passage.body, listener, service);
    this.crossing = new Crossing(members, this.request, (request) => this.reach(request));
    this.behind = linkedTo(passage.cancellation);
  }

  async serve(): Promise<PassageAnswer> {
    const { path, deadline, cancellation } = this.request;
    try {
      return this.answerOf(await within({ what: path, deadline, cancellation }, () => this.crossing.begin()));
    } catch (error) {
      this.leave();
      throw this.crossing.isFromBehind(error) ? error : this.crossing.told(error, 'a middleware');
    }
  }

  private async reach(request: PassingRequest): Promise<PassingResponse> {
    const { passage } = this;
    const { target, version, scheme, length, upgrade } = passage;
    const body = request.body as AsyncIterable<Uint8Array>;
    const came = inbound(passage, request, body, this.request.headers);
    const isSameTarget = request.path === passage.path && request.query === passage.query;
    const isSameBody = body === this.request.body;
    const answer = await this.endpoint.pass({
      ...came,
      headers: isSameBody ? came.headers : withoutLength(came.headers, passage.headers),
      cancellation: this.behind,
      target: isSameTarget ? target : targetOf(request),
      version,
      scheme,
      length: isSameBody ? length : undefined,
      upgrade,
      trailers: () => passage.trailers(),
    });
    this.answer = answer;
    return { status: answer.status, headers: answerHeaders(answer.headers), body: answer.body };
  }

  private answerOf({ status, headers, body }: PassingResponse): PassageAnswer {
    const { answer } = this;
    if (!answer) {
      this.leave();
      const answered = { status, headers, body: asIterable(body) };
      // Who answers for a service of gRPC has said, by not throwing, that all is well.
      return this.passage.wire === 'grpc' ? { ...answered, trailers: () => ({ 'grpc-status': '0' }) } : answered;
    }
    const trailers = answer.trailers && { trailers: () => answer.trailers!() };
    if (body === answer.body) return { status, headers, body, ...trailers };
    return { status, headers: withoutLength(headers, answer.headers), body: this.untilRead(body), ...trailers };
  }

  /** Once the answer is over, what stands behind may stop, read to its end or not. */
  private async *untilRead(body: PassingResponse['body']): AsyncGenerator<Uint8Array, void> {
    try {
      yield* asIterable(body);
    } catch (error) {
      throw this.crossing.told(error, 'a middleware');
    } finally {
      this.leave();
    }
  }

  private leave(): void {
    this.behind.cancel(new MeshError(MeshCode.CANCELLED, `the answer of '${this.passage.path}' is no longer read`));
  }
}

function targetOf({ path, query }: PassingRequest): string {
  return query === '' ? path : `${path}?${query}`;
}

/** Headers of a body that was changed: what was said of the length of the one before does not hold. */
function withoutLength<H extends PassageHeaders>(headers: H, before: PassageHeaders): H {
  const { 'content-length': length, ...others } = headers;
  return length === undefined || length !== before['content-length'] ? headers : (others as H);
}
