import type { Cancellation } from '../../context/cancellation.js';
import { within } from '../../context/within.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { InboundStream, StreamHandler } from '../../transport/transport.js';
import type { Checkpoint } from './checkpoint.js';
import { Crossing } from './crossing.js';
import { linkedTo } from './linked-cancellation.js';
import type { PassingRequest, PassingResponse, PassingStream } from './middleware.js';
import { OutgoingMessages } from './outgoing-messages.js';
import { answerHeaders, asIterable, inbound, passing } from './passing-head.js';

/** A handler of streams, with the middleware of a listener around it. */
export function passingStreams(handler: StreamHandler, checkpoint: Checkpoint): StreamHandler {
  return (stream) => {
    const service = checkpoint.serviceOf(stream);
    if (!checkpoint.concerns(stream, service)) return handler(stream);
    return new CrossingStream(stream, handler, checkpoint, service).serve();
  };
}

/** One stream on its way through middleware. */
class CrossingStream {
  private readonly request: PassingStream;
  private readonly crossing: Crossing;
  private readonly outgoing: OutgoingMessages;
  /** What the handler is told by: it stops with the caller, and when nobody reads what it sends. */
  private readonly behind: Cancellation;

  constructor(
    private readonly stream: InboundStream,
    private readonly handler: StreamHandler,
    { listener, members }: Checkpoint,
    service: string,
  ) {
    this.request = passing('stream', stream, stream.messages, listener, service);
    this.crossing = new Crossing(members, this.request, (request) => this.reach(request));
    this.behind = linkedTo(stream.cancellation);
    this.outgoing = new OutgoingMessages(stream.path, (reason) => this.behind.cancel(reason));
  }

  async serve(): Promise<void> {
    const { service, path, deadline, cancellation } = this.request;
    try {
      const patience = { what: service || path, deadline, cancellation };
      const { body } = await within(patience, () => this.crossing.begin());
      await within({ ...patience, deadline: Infinity }, () => this.deliver(body));
    } catch (error) {
      throw this.crossing.isFromBehind(error) ? error : this.crossing.told(error, 'a middleware');
    } finally {
      const over = new MeshError(MeshCode.CANCELLED, `the stream to '${path}' was ended`);
      this.outgoing.leave(cancellation.reason ?? over);
    }
  }

  /** Hands the stream to its handler. What it answers with is told by the body, from the beginning on. */
  private async reach(request: PassingRequest): Promise<PassingResponse> {
    void this.run(new PassedStream(this.stream, request, this.request, this.behind, this.outgoing));
    return { status: 200, headers: answerHeaders(undefined), body: this.outgoing };
  }

  private async run(passed: InboundStream): Promise<void> {
    try {
      await this.handler(passed);
      this.outgoing.end();
    } catch (error) {
      this.crossing.failed(error);
      this.outgoing.end({ failure: error });
    }
  }

  private async deliver(body: PassingResponse['body']): Promise<void> {
    if (body === this.outgoing) return this.outgoing.straight(this.stream);
    for await (const message of asIterable(body)) {
      try {
        await this.stream.send(message);
      } catch (error) {
        this.tooLong(error);
      }
    }
  }

  /** A message over the limit leaves the stream as it is, if there is somebody to be told so. */
  private tooLong(error: unknown): void {
    const isTooLong = error instanceof MeshError && error.code === MeshCode.MESSAGE_TOO_LONG;
    if (!isTooLong || this.outgoing.refuse(error) === 'nobody') throw error;
  }
}

/** A stream as its handler has it, behind middleware. */
class PassedStream implements InboundStream {
  readonly path: string;
  readonly query: string;
  readonly headers: InboundStream['headers'];
  readonly wire: InboundStream['wire'];
  readonly method: string;
  readonly contentType: string;
  readonly deadline: number;
  readonly peer: string;
  readonly draining: Cancellation;
  readonly messages: AsyncIterable<Uint8Array>;
  admits: InboundStream['admits'];
  scope: InboundStream['scope'];

  constructor(
    stream: InboundStream,
    request: PassingRequest,
    given: PassingStream,
    readonly cancellation: Cancellation,
    private readonly outgoing: OutgoingMessages,
  ) {
    const body = request.body as AsyncIterable<Uint8Array>;
    const head = inbound(stream, request, body, given.headers);
    this.path = head.path;
    this.query = head.query;
    this.headers = head.headers;
    this.wire = head.wire;
    this.method = head.method;
    this.contentType = head.contentType;
    this.deadline = head.deadline;
    this.peer = head.peer;
    this.admits = head.admits;
    this.scope = head.scope;
    this.draining = stream.draining;
    this.messages = body === given.body ? body : this.watched(body);
  }

  send(message: Uint8Array): Promise<void> {
    return this.outgoing.send(message);
  }

  end(error?: MeshError): void {
    this.outgoing.end({ failure: error });
  }

  /** What a middleware throws while it changes messages ends the stream, whatever the handler makes of it. */
  private async *watched(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    try {
      yield* body;
    } catch (error) {
      this.outgoing.end({ failure: error });
      throw error;
    }
  }
}
