import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { MAX_TIMER_MS } from '../pending-call.js';
import { tooLong } from '../refusals.js';
import type { CallHandler } from '../transport.js';
import { AnswerWriter } from './answer-writer.js';
import { decompress } from './decompress.js';
import { FrameReader, type Frame } from './frames.js';
import { decodeTimeout, wireHeadersOf } from './headers.js';
import { InboundMessage, type InboundOrigin } from './inbound-message.js';

/** Messages of one stream that are handled at the same time; more wait at the sender. */
const MAX_CONCURRENT_MESSAGES = 32;

const OWNER = Symbol('owner');

/** A stream that knows who serves it, so that its listeners need not be made anew for each. */
interface OwnedStream extends ServerHttp2Stream {
  [OWNER]?: InboundStream;
}

/** What a stream needs of the connection it came through, and tells it. */
export interface InboundHost {
  /** The caller, `host:port`. */
  readonly peer: string;
  /** Whether streams that have no call under way are to end. */
  readonly retiring: boolean;
  /** Largest message received or sent, in bytes. */
  readonly maxMessageBytes: number;
  /** A call has begun. */
  onCall(): void;
  /** A call is over. */
  onCallOver(): void;
  /** The stream is gone. */
  onStreamGone(stream: InboundStream): void;
}

/**
 * The server's end of a gRPC stream. On the wire a unary call is a stream with one message, so this serves both: each message
 * is a call, handled at once together with others up to a bound, and answered in the order of arrival.
 */
export class InboundStream {
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

  constructor(
    private readonly stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    private readonly handler: CallHandler,
    private readonly host: InboundHost,
  ) {
    const timeoutMs = timeoutOf(headers);
    this.reader = new FrameReader(host.maxMessageBytes);
    this.writer = new AnswerWriter(stream);
    this.encoding = String(headers['grpc-encoding'] ?? 'identity');
    this.origin = {
      path: headers[':path'] as string,
      headers: wireHeadersOf(headers),
      deadline: timeoutMs === Infinity ? Infinity : Date.now() + timeoutMs,
      peer: host.peer,
    };
    if (timeoutMs <= MAX_TIMER_MS) this.timer = setTimeout(expire, timeoutMs, this);
    (stream as OwnedStream)[OWNER] = this;
    stream.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onError);
    stream.on('drain', onDrain).on('wantTrailers', onWantTrailers);
  }

  /** Whether no call of it is under way. */
  get idle(): boolean {
    return this.queue.length === 0 && this.reader.empty;
  }

  /** Ends a stream that has no call under way, since the server takes no more. */
  retire(): void {
    if (this.phase === 'done') return;
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
    if (this.queue.length > 0) {
      this.cancelAll(
        new MeshError(MeshCode.CANCELLED, `the caller of '${this.origin.path}' has cancelled or gone away`),
      );
    }
    this.host.onStreamGone(this);
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
    const answer = frame.compressed ? this.unpackAndHandle(message) : this.handler(message);
    answer.then(
      (body) => this.settle(message, { body }),
      (error: unknown) => this.settle(message, { error }),
    );
  }

  private async unpackAndHandle(message: InboundMessage): Promise<Uint8Array> {
    message.body = await decompress(message.body, this.encoding, this.host.maxMessageBytes);
    return this.handler(message);
  }

  private settle(message: InboundMessage, outcome: InboundMessage['outcome']): void {
    message.outcome = outcome;
    if (this.phase !== 'done') this.flush();
  }

  /** Sends the answers that are next in order, then goes on reading if it had stopped. */
  private flush(): void {
    for (let outcome = this.queue[0]?.outcome; outcome && !this.blocked; outcome = this.queue[0]?.outcome) {
      if ('error' in outcome) return this.fail(outcome.error);
      if (outcome.body.length > this.host.maxMessageBytes) {
        return this.fail(tooLong(outcome.body.length, this.host.maxMessageBytes));
      }
      this.queue.shift();
      this.host.onCallOver();
      if (this.phase === 'half-closed' && this.idle) return this.finish(outcome.body);
      this.blocked = !this.writer.write(outcome.body);
    }
    if (this.phase === 'half-closed' || this.stream.isPaused()) this.read();
    if (this.host.retiring && this.idle) this.retire();
  }

  private finish(lastAnswer?: Uint8Array): void {
    if (!this.reader.empty) return this.fail(new MeshError(MeshCode.ENCODING, 'the stream ended within a message'));
    this.phase = 'done';
    clearTimeout(this.timer);
    this.writer.end(lastAnswer);
  }

  private fail(cause: unknown): void {
    if (this.phase === 'done') return;
    const error = toMeshError(cause);
    this.phase = 'done';
    clearTimeout(this.timer);
    this.cancelAll(error);
    this.writer.fail(error);
  }

  private cancelAll(reason: MeshError): void {
    for (const message of this.queue.splice(0)) {
      if (!message.outcome) message.cancellation.cancel(reason);
      this.host.onCallOver();
    }
  }
}

/** The time that the caller gives, in ms; `Infinity` when it says none, 0 when what it says is malformed. */
function timeoutOf(headers: IncomingHttpHeaders): number {
  const value = headers['grpc-timeout'];
  return value === undefined ? Infinity : (decodeTimeout(String(value)) ?? 0);
}

function expire(stream: InboundStream): void {
  stream.gotDeadline();
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
}

/** `close` follows, and says what there is to say. */
function onError(): void {}
