import { Cancellation } from '../../context/cancellation.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { Inbox } from '../inbox.js';
import { tooLong } from '../refusals.js';
import type { InboundHead, InboundStream, StreamHandler, WireHeaders } from '../transport.js';
import type { Head } from './heads.js';
import type { Link } from './link.js';
import { StreamReceiver } from './stream-receiver.js';
import { StreamSender } from './stream-sender.js';
import { FrameType } from './wire.js';

/** What a stream needs of the connection that it came through. */
export interface InboundStreamHost {
  readonly link: Link;
  /** The caller, `host:port`. */
  readonly peer: string;
  /** Largest message sent, in bytes. */
  readonly maxMessageBytes: number;
  /** Nothing is sent or read any more. */
  onStreamOver(id: number): void;
}

/** The serving end of a stream. */
export class InboundLinkStream implements InboundStream {
  readonly path: string;
  readonly query: string;
  readonly headers: WireHeaders;
  readonly wire = 'grpc';
  readonly method = 'POST';
  readonly contentType = 'application/grpc';
  readonly deadline = Infinity;
  readonly peer: string;
  readonly cancellation = new Cancellation();
  readonly draining = new Cancellation();
  admits: InboundHead['admits'];
  scope: InboundHead['scope'];
  readonly receiver = new StreamReceiver(() => undefined);
  readonly sender = new StreamSender();
  private over: MeshError | undefined;
  private told = false;

  constructor(
    private readonly id: number,
    { path, query, headers }: Head,
    private readonly host: InboundStreamHost,
  ) {
    this.path = path;
    this.query = query;
    this.headers = headers;
    this.peer = host.peer;
  }

  get messages(): Inbox {
    return this.receiver.messages;
  }

  /** Serves it. */
  async serve(handler: StreamHandler): Promise<void> {
    try {
      await handler(this);
      this.end();
    } catch (error) {
      this.end(toMeshError(error));
    }
  }

  send(message: Uint8Array): Promise<void> {
    if (this.over) return Promise.reject(this.over);
    const { maxMessageBytes } = this.host;
    if (message.length > maxMessageBytes) return Promise.reject(tooLong(message.length, maxMessageBytes));
    return this.sender.send(message);
  }

  end(error?: MeshError): void {
    if (this.over) return;
    const reason = error ?? new MeshError(MeshCode.CANCELLED, `the stream to '${this.path}' was ended`);
    this.over = reason;
    this.messages.end(reason);
    const { link } = this.host;
    this.sender.release();
    // What was sent before the end still goes out.
    this.sender.end(() => {
      if (error) link.fail(this.id, error);
      else link.writer.frame(FrameType.END, this.id);
      this.leave();
    });
  }

  /** The caller says no more. */
  gotEnd(): void {
    this.receiver.gotEnd();
  }

  /** The caller has gone away. */
  gotGone(reason: MeshError): void {
    this.over ??= reason;
    this.cancellation.cancel(reason);
    if (this.sender.fail(reason) === 'broken off') this.host.link.fail(this.id, reason);
    this.messages.end(reason);
    this.leave();
  }

  /** The listener is about to close. */
  drain(): void {
    this.draining.cancel(new MeshError(MeshCode.CANCELLED, 'the listener is about to close'));
  }

  private leave(): void {
    if (this.told) return;
    this.told = true;
    this.receiver.leave();
    this.host.onStreamOver(this.id);
  }
}
