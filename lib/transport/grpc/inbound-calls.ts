import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { bodyOf, settleDelivered, settleLost } from '../answers.js';
import { decompress } from '../decompress.js';
import { MAX_TIMER_MS } from '../../context/expiry.js';
import { tooLong } from '../refusals.js';
import type { CallAnswer, CallHandler } from '../transport.js';
import { AnswerWriter } from './answer-writer.js';
import { FrameReader, type Frame } from './frames.js';
import { ServedStream, type InboundHost } from './inbound-host.js';
import { encodingOf, InboundMessage, originOf, type InboundOrigin } from './inbound-message.js';

/** Messages of one stream that are handled at the same time; more wait at the sender. */
const MAX_CONCURRENT_MESSAGES = 32;

/**
 * How long an answer must be out, in ms, that it counts as arrived while its stream stays open: until then a reset may come, of a
 * caller who had gone away when it was sent.
 */
const ARRIVED_MS = 250;

/** An answer that was sent, until it is clear whether it arrived. */
interface Sent {
  readonly answer: CallAnswer;
  state: 'on its way' | 'out';
}

type Outcome = NonNullable<InboundMessage['outcome']>;

const OWNER = Symbol('owner');

/** A stream that knows who serves it, so that its listeners need not be made anew for each. */
interface OwnedStream extends ServerHttp2Stream {
  [OWNER]?: InboundCalls | undefined;
}

/**
 * The server's end of a gRPC stream of calls. On the wire a unary call is a stream with one message, so this serves both: each message
 * is a call, handled at once together with others up to a bound, and answered in the order of arrival.
 */
export class InboundCalls extends ServedStream {
  private readonly reader: FrameReader;
  private readonly writer: AnswerWriter;
  private readonly origin: InboundOrigin;
  private readonly encoding: string;
  private readonly timer: NodeJS.Timeout | undefined;
  /** The calls whose answers have not gone out, in order of arrival. */
  private readonly queue: InboundMessage[] = [];
  /** `half-closed`: the caller sends no more. `done`: the status is on its way, or nobody waits for it. */
  private phase: 'open' | 'half-closed' | 'done' = 'open';
  /** Whether the caller takes no more answers for now. */
  private blocked = false;
  /** In the order in which they were sent. */
  private sent: Sent[] = [];
  private arrival: NodeJS.Timeout | undefined;

  constructor(
    private readonly stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    private readonly handler: CallHandler,
    private readonly host: InboundHost,
  ) {
    super();
    this.reader = new FrameReader(host.maxMessageBytes);
    this.writer = new AnswerWriter(stream);
    this.encoding = encodingOf(headers);
    this.origin = originOf(headers, host.peer);
    const { timeoutMs } = this.origin;
    if (timeoutMs <= MAX_TIMER_MS) this.timer = setTimeout(expire, timeoutMs, this);
    (stream as OwnedStream)[OWNER] = this;
    stream.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onError);
    stream.on('drain', onDrain).on('wantTrailers', onWantTrailers);
  }

  /** Nothing is to be said to it: each of its calls ends by itself. */
  drain(): void {}

  retire(): void {
    if (this.phase === 'done' || !this.idle) return;
    if (this.writer.started) return this.finish();
    // A call may be on its way here: it learns that it was not looked at, so that it can be sent again elsewhere.
    this.phase = 'done';
    this.stream.close(constants.NGHTTP2_REFUSED_STREAM);
  }

  /** @internal */
  gotData(chunk: Buffer): void {
    if (this.phase === 'done') return;
    this.reader.push(chunk);
    this.read();
  }

  /** @internal */
  gotEnd(): void {
    if (this.phase !== 'open') return;
    this.phase = 'half-closed';
    this.read();
  }

  /** @internal */
  gotDrain(): void {
    this.blocked = false;
    this.flush();
  }

  /** @internal */
  gotDeadline(): void {
    this.fail(new MeshError(MeshCode.TIMEOUT, `'${this.origin.path}' was not answered before the caller's deadline`));
  }

  /** @internal */
  gotWantTrailers(): void {
    this.writer.sendTrailers();
  }

  /** @internal */
  gotClose(): void {
    clearTimeout(this.timer);
    this.phase = 'done';
    this.settleSent();
    if (this.queue.length > 0) {
      this.cancelAll(
        new MeshError(MeshCode.CANCELLED, `the caller of '${this.origin.path}' has cancelled or gone away`),
      );
    }
    this.host.onStreamGone(this);
  }

  /** Whether no call of it is under way. */
  private get idle(): boolean {
    return this.queue.length === 0 && this.reader.empty;
  }

  private get full(): boolean {
    return this.blocked || this.queue.length >= MAX_CONCURRENT_MESSAGES;
  }

  private read(): void {
    try {
      while (this.phase !== 'done' && !this.full) {
        const frame = this.reader.next();
        if (!frame) break;
        this.accept(frame);
      }
    } catch (error) {
      return this.fail(error);
    }
    if (this.full) this.stream.pause();
    else if (this.phase === 'half-closed' && this.queue.length === 0) this.finish();
    else if (this.stream.isPaused()) this.stream.resume();
  }

  private accept(frame: Frame): void {
    const message = new InboundMessage(this.origin, frame.body);
    this.queue.push(message);
    this.host.onCall();
    this.settleOut();
    const answer = frame.compressed ? this.unpackAndHandle(message) : this.handler(message);
    answer.then(
      (said) => this.settle(message, { answer: said }),
      (error: unknown) => this.settle(message, { error }),
    );
  }

  private async unpackAndHandle(message: InboundMessage): Promise<Uint8Array | CallAnswer> {
    message.body = await decompress(message.body, this.encoding, this.host.maxMessageBytes);
    return this.handler(message);
  }

  private settle(message: InboundMessage, outcome: Outcome): void {
    message.outcome = outcome;
    if (this.phase !== 'done') this.flush();
    else if ('answer' in outcome) settleLost(outcome.answer);
  }

  /** Sends the answers that are next in order, then goes on reading if it had stopped. */
  private flush(): void {
    for (let outcome = this.queue[0]?.outcome; outcome && !this.blocked; outcome = this.queue[0]?.outcome) {
      if ('error' in outcome) return this.fail(outcome.error);
      const { answer } = outcome;
      const body = bodyOf(answer);
      if (body.length > this.host.maxMessageBytes) return this.fail(tooLong(body.length, this.host.maxMessageBytes));
      this.queue.shift();
      this.host.onCallOver();
      if (this.phase === 'half-closed' && this.idle) return this.finish(answer);
      this.blocked = !this.write(answer, body);
    }
    if (this.phase === 'half-closed' || this.stream.isPaused()) this.read();
    if (this.host.retiring) this.retire();
  }

  /** Writes an answer after which others may follow. */
  private write(answer: Uint8Array | CallAnswer, body: Uint8Array): boolean {
    const sent = this.keep(answer);
    if (!sent) return this.writer.write(body);
    return this.writer.write(body, (error) => {
      // Node calls back without an error, too, when the stream was broken off before all was written.
      if (error || this.phase === 'done' || this.stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
      sent.state = 'out';
      clearTimeout(this.arrival);
      this.arrival = setTimeout(arrive, ARRIVED_MS, this);
    });
  }

  private finish(lastAnswer?: Uint8Array | CallAnswer): void {
    if (!this.reader.empty) return this.fail(new MeshError(MeshCode.ENCODING, 'the stream ended within a message'));
    this.phase = 'done';
    clearTimeout(this.timer);
    if (lastAnswer) this.keep(lastAnswer);
    this.writer.end(lastAnswer && bodyOf(lastAnswer));
  }

  /** Remembers an answer that wants to know what becomes of it. */
  private keep(answer: Uint8Array | CallAnswer): Sent | undefined {
    if (answer instanceof Uint8Array || !answer.settle) return undefined;
    const sent: Sent = { answer, state: 'on its way' };
    this.sent.push(sent);
    return sent;
  }

  /** What was out has arrived: the caller goes on, or was there for long enough. @internal */
  settleOut(): void {
    if (this.sent.length === 0) return;
    const out = this.sent.filter(({ state }) => state === 'out');
    this.sent = this.sent.filter(({ state }) => state !== 'out');
    for (const { answer } of out) settleDelivered(answer);
  }

  /** All has arrived when the stream ended well, after its status. */
  private settleSent(): void {
    clearTimeout(this.arrival);
    const well = this.stream.rstCode === constants.NGHTTP2_NO_ERROR && this.writer.ended;
    for (const { answer } of this.sent.splice(0)) {
      if (well) settleDelivered(answer);
      else settleLost(answer);
    }
  }

  private fail(cause: unknown): void {
    if (this.phase === 'done') return;
    const error = toMeshError(cause);
    this.phase = 'done';
    clearTimeout(this.timer);
    this.cancelAll(error);
    this.writer.fail(error);
    // What still comes is not looked at, but a stream whose data nobody takes never closes.
    this.stream.resume();
  }

  private cancelAll(reason: MeshError): void {
    for (const message of this.queue.splice(0)) {
      const { outcome } = message;
      if (!outcome) message.cancellation.cancel(reason);
      else if ('answer' in outcome) settleLost(outcome.answer);
      this.host.onCallOver();
    }
  }
}

function expire(stream: InboundCalls): void {
  stream.gotDeadline();
}

function arrive(stream: InboundCalls): void {
  stream.settleOut();
}

function onData(this: OwnedStream, chunk: Buffer): void {
  this[OWNER]?.gotData(chunk);
}

function onEnd(this: OwnedStream): void {
  this[OWNER]?.gotEnd();
}

function onDrain(this: OwnedStream): void {
  this[OWNER]?.gotDrain();
}

function onWantTrailers(this: OwnedStream): void {
  this[OWNER]?.gotWantTrailers();
}

function onClose(this: OwnedStream): void {
  this[OWNER]?.gotClose();
  // Node keeps an ended stream for a while; it need not keep the call and its bytes.
  this[OWNER] = undefined;
}

/** `close` follows, and says what there is to say. */
function onError(): void {}
