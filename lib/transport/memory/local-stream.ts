import { Cancellation } from '../../context/cancellation.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { streamHandlerOf } from '../endpoint.js';
import { Inbox } from '../inbox.js';
import { splitQuery } from '../paths.js';
import { tooLong } from '../refusals.js';
import { ready, Senders } from '../senders.js';
import type { Acceptor, DuplexStream, InboundStream, OutboundHead, WireHeaders } from '../transport.js';
import { asCarried, copyOf } from './as-carried.js';

/** What both ends of a {@link LocalStream} know. */
export interface LocalStreamOptions {
  readonly maxMessageBytes: number;
  /** What handlers see as the opener's address. */
  readonly peer: string;
}

/** One direction of a stream: copies of what one end sends, until the other takes them. */
class LocalWay {
  readonly messages: Inbox;
  private readonly senders = new Senders();
  private over: MeshError | undefined;

  constructor(
    private readonly maxMessageBytes: number,
    onLeft: () => void,
  ) {
    this.messages = new Inbox({ onRoom: () => this.senders.release(), onLeft });
  }

  send(message: Uint8Array): Promise<void> {
    if (this.over) return Promise.reject(this.over);
    if (message.length > this.maxMessageBytes) return Promise.reject(tooLong(message.length, this.maxMessageBytes));
    this.messages.push(Buffer.from(message));
    return this.messages.full ? this.senders.wait() : ready;
  }

  /** The sender has said its last; the reader sees `failure` after what was sent. */
  end(reason: MeshError, failure?: MeshError): void {
    if (this.over) return;
    this.over = reason;
    this.senders.release();
    this.messages.end(failure);
  }

  /** Nothing goes this way any more. */
  cut(reason: MeshError): void {
    this.over ??= reason;
    this.senders.fail(reason);
  }
}

/** A stream to a handler of this very process, as its opener has it. */
export class LocalStream implements DuplexStream {
  private readonly there: LocalWay;
  private readonly back: LocalWay;
  private readonly inbound: LocalInbound;
  private readonly forget: () => void;
  private over = false;

  /** @param onOver told once, when the stream is over */
  constructor(
    private readonly head: OutboundHead,
    options: LocalStreamOptions,
    private readonly onOver: () => void,
  ) {
    this.there = new LocalWay(options.maxMessageBytes, () => undefined);
    this.back = new LocalWay(options.maxMessageBytes, () => this.cancel(this.noLongerRead()));
    this.inbound = new LocalInbound(head, options.peer, this.there, this.back, (error) => this.endedBy(error));
    this.forget = head.cancellation.onCancel((reason) => this.cancel(reason));
  }

  get messages(): Inbox {
    return this.back.messages;
  }

  /** Hands the stream to its handler. */
  async serve(acceptor: Acceptor): Promise<void> {
    if (this.over) return;
    try {
      await streamHandlerOf(acceptor(this.inbound.path), this.inbound.path)(this.inbound);
      this.inbound.end();
    } catch (error) {
      this.inbound.end(asCarried(error));
    }
  }

  send(message: Uint8Array): Promise<void> {
    return this.there.send(message);
  }

  end(): void {
    const message = `a message was sent after the end of the stream to '${this.head.path}'`;
    this.there.end(new MeshError(MeshCode.INVALID_REQUEST, message));
  }

  cancel(reason: MeshError): void {
    this.lose(reason, reason);
    this.messages.drop(reason);
  }

  /** Ends the stream at once: `lost` is why for its opener, `gone` for its handler. */
  lose(lost: MeshError, gone: MeshError): void {
    if (!this.finish(lost)) return;
    this.messages.end(lost);
    this.inbound.lose(gone);
  }

  private endedBy(error: MeshError | undefined): void {
    const message = `the peer has ended the stream to '${this.head.path}'`;
    this.finish(error ?? new MeshError(MeshCode.UNREACHABLE, message));
  }

  private finish(reason: MeshError): boolean {
    if (this.over) return false;
    this.over = true;
    this.there.cut(reason);
    this.forget?.();
    this.onOver();
    return true;
  }

  private noLongerRead(): MeshError {
    return new MeshError(MeshCode.CANCELLED, `the stream to '${this.head.path}' is no longer read`);
  }
}

/** The same stream, as its handler has it. */
class LocalInbound implements InboundStream {
  readonly path: string;
  readonly query: string;
  readonly headers: WireHeaders;
  readonly wire = 'grpc';
  readonly method = 'POST';
  readonly contentType = 'application/grpc';
  readonly deadline = Infinity;
  readonly cancellation = new Cancellation();
  readonly draining = new Cancellation();

  constructor(
    head: OutboundHead,
    readonly peer: string,
    private readonly there: LocalWay,
    private readonly back: LocalWay,
    private readonly onEnd: (error: MeshError | undefined) => void,
  ) {
    const { path, query } = splitQuery(head.path);
    this.path = path;
    this.query = query;
    this.headers = copyOf(head.headers);
  }

  get messages(): Inbox {
    return this.there.messages;
  }

  send(message: Uint8Array): Promise<void> {
    return this.back.send(message);
  }

  end(error?: MeshError): void {
    const carried = error && asCarried(error);
    this.back.end(new MeshError(MeshCode.CANCELLED, `the stream to '${this.path}' was ended`), carried);
    this.onEnd(carried);
  }

  /** The opener has gone away. */
  lose(gone: MeshError): void {
    this.back.cut(gone);
    this.there.messages.end(gone);
    this.cancellation.cancel(gone);
  }
}
