import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { Cancellation } from '../../context/cancellation.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { Inbox } from '../inbox.js';
import { MAX_TIMER_MS } from '../../context/expiry.js';
import { tooLong } from '../refusals.js';
import { ready, Senders } from '../senders.js';
import type { InboundStream, StreamHandler, WireHeaders } from '../transport.js';
import { AnswerWriter } from './answer-writer.js';
import { FrameReader, messageOf } from './frames.js';
import { ServedStream, type InboundHost } from './inbound-host.js';
import { encodingOf, originOf } from './inbound-message.js';

/** The server's end of a gRPC stream that a handler reads and writes as it likes. */
export class InboundDuplex extends ServedStream implements InboundStream {
  readonly path: string;
  readonly query: string;
  readonly headers: WireHeaders;
  readonly wire = 'grpc';
  readonly method = 'POST';
  readonly contentType = 'application/grpc';
  readonly deadline: number;
  readonly peer: string;
  readonly cancellation = new Cancellation();
  readonly draining = new Cancellation();
  readonly messages: Inbox;
  private readonly reader: FrameReader;
  private readonly writer: AnswerWriter;
  private readonly senders = new Senders();
  private readonly encoding: string;
  private readonly timer: NodeJS.Timeout | undefined;
  /** Why nothing can be sent any more. */
  private over: MeshError | undefined;

  constructor(
    private readonly stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    handler: StreamHandler,
    private readonly host: InboundHost,
  ) {
    super();
    const origin = originOf(headers, host.peer);
    this.path = origin.path;
    this.query = origin.query;
    this.headers = origin.headers;
    this.deadline = origin.deadline;
    this.peer = origin.peer;
    this.encoding = encodingOf(headers);
    this.reader = new FrameReader(host.maxMessageBytes);
    this.writer = new AnswerWriter(stream);
    this.messages = new Inbox({ onRoom: () => stream.resume(), onLeft: () => stream.resume() });
    if (origin.timeoutMs <= MAX_TIMER_MS) this.timer = setTimeout(() => this.expire(), origin.timeoutMs);
    stream.on('data', (chunk: Buffer) => this.gotData(chunk)).on('end', () => this.gotEnd());
    stream.on('drain', () => this.senders.release()).on('wantTrailers', () => this.writer.sendTrailers());
    // After an error comes `close`, which says what there is to say.
    stream.on('close', () => this.gotClose()).on('error', () => undefined);
    host.onCall();
    void this.serve(handler);
  }

  send(message: Uint8Array): Promise<void> {
    if (this.over) return Promise.reject(this.over);
    const { maxMessageBytes } = this.host;
    if (message.length > maxMessageBytes) return Promise.reject(tooLong(message.length, maxMessageBytes));
    return this.writer.write(message) ? ready : this.senders.wait();
  }

  end(error?: MeshError): void {
    if (this.over) return;
    // What was sent before the end still goes out.
    this.senders.release();
    this.finish(error ?? new MeshError(MeshCode.CANCELLED, `the stream to '${this.path}' was ended`));
    if (error) this.writer.fail(error);
    else this.writer.end();
    // What still comes is not looked at, but a stream whose data nobody takes never closes.
    this.stream.resume();
  }

  drain(): void {
    this.draining.cancel(new MeshError(MeshCode.CANCELLED, 'the listener is about to close'));
  }

  /** A stream of messages is always under way. */
  retire(): void {}

  private async serve(handler: StreamHandler): Promise<void> {
    try {
      // Who opens the stream has the word first, so that a handler that throws at once finds all in place.
      await Promise.resolve(this).then(handler);
      this.end();
    } catch (error) {
      this.end(toMeshError(error));
    }
  }

  private gotData(chunk: Buffer): void {
    if (this.over) return;
    this.reader.push(chunk);
    try {
      for (let frame = this.reader.next(); frame; frame = this.reader.next()) {
        this.messages.push(messageOf(frame, this.encoding, this.host.maxMessageBytes));
      }
    } catch (error) {
      return this.fail(error as MeshError);
    }
    if (this.messages.full) this.stream.pause();
  }

  private gotEnd(): void {
    if (this.reader.empty) this.messages.end();
    else this.fail(new MeshError(MeshCode.ENCODING, 'the stream ended within a message'));
  }

  private expire(): void {
    this.fail(new MeshError(MeshCode.TIMEOUT, `the stream to '${this.path}' did not end before the caller's deadline`));
  }

  /** Ends the stream for a reason that its handler does not know yet. */
  private fail(error: MeshError): void {
    if (this.over) return;
    this.cancellation.cancel(error);
    this.end(error);
  }

  private finish(reason: MeshError): void {
    this.over = reason;
    clearTimeout(this.timer);
    this.senders.fail(reason);
    this.messages.end(reason);
  }

  private gotClose(): void {
    const gone = new MeshError(MeshCode.CANCELLED, `the caller of '${this.path}' has cancelled or gone away`);
    if (!this.over) this.finish(gone);
    // Clients of node:http2 end their side just before they reset it, so that the stream may look well ended meanwhile.
    if (!this.writer.ended || this.stream.rstCode !== constants.NGHTTP2_NO_ERROR) this.cancellation.cancel(gone);
    this.host.onCallOver();
    this.host.onStreamGone(this);
  }
}
