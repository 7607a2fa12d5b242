import type { MeshError } from '../../errors/mesh-error.js';
import type { Lane } from '../http2/lane.js';
import type { Inbox } from '../inbox.js';
import type { OutboundHead } from '../transport.js';
import { CallStream } from './call-stream.js';
import { type Frame, messageOf } from './frames.js';
import { requestHeaders } from './headers.js';

/** Who has opened a stream, as the stream sees it. */
export interface DuplexOwner {
  readonly messages: Inbox;
  gotDrain(): void;
  gotStatusOk(): void;
  fail(error: MeshError): void;
}

/** A stream of messages on an established connection. */
export class DuplexCall extends CallStream {
  private readonly abort: AbortController;

  /** @throws MeshError E0000000400 for headers that cannot be sent, or what node:http2 throws when it takes no more streams */
  constructor(
    lane: Lane,
    head: OutboundHead,
    private readonly owner: DuplexOwner,
  ) {
    const headers = requestHeaders(lane.address, head.path, head.headers, Infinity);
    const abort = new AbortController();
    super(lane, lane.session.request(headers, { endStream: false, signal: abort.signal }));
    this.abort = abort;
    lane.calls++;
    this.stream.on('drain', () => owner.gotDrain());
  }

  /** `close()` of node:http2 would end our side before the reset, and the peer would take that for a good end. */
  override abandon(): void {
    if (this.lane.resets.take() === 'granted') this.abort.abort();
    else this.stream.resume().end();
  }

  /** @returns whether the next may follow at once; if not, the owner is told when it may */
  write(frame: Buffer): boolean {
    return this.stream.write(frame);
  }

  /** Says that no more is sent. */
  finish(): void {
    this.stream.end();
  }

  /** The owner has room again. */
  resume(): void {
    this.stream.resume();
  }

  protected override onMessage(frame: Frame): void {
    this.owner.messages.push(messageOf(frame, this.encoding, this.lane.maxMessageBytes));
    if (this.owner.messages.full) this.stream.pause();
  }

  protected override onGarbage(error: MeshError): void {
    this.owner.fail(error);
  }

  protected override onStatus(failure: MeshError | undefined): void {
    if (failure) this.owner.fail(failure);
    else this.owner.gotStatusOk();
  }

  protected override onGone(failure: MeshError | undefined): void {
    this.lane.calls--;
    if (failure) this.owner.fail(failure);
  }
}
