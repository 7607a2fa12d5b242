import { MAX_TIMER_MS } from '../../context/expiry.js';
import type { Unsent } from '../../context/time-limits.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { Inbox } from '../inbox.js';
import type { Carrier, Passenger } from '../pending-call.js';
import { tooLong } from '../refusals.js';
import { ready } from '../senders.js';
import type { DuplexStream, OutboundHead } from '../transport.js';
import type { Link } from './link.js';
import { StreamReceiver } from './stream-receiver.js';
import { StreamSender } from './stream-sender.js';
import { FrameType } from './wire.js';

/** The opener's end of a stream: holds what is sent until a connection is there. */
export class OutboundStream implements DuplexStream, Passenger {
  carrier: Carrier | undefined;
  /** Its number on the connection; 0 before it has one. */
  id = 0;
  readonly receiver = new StreamReceiver(() => this.leave());
  readonly sender = new StreamSender();
  private link: Link | undefined;
  private readonly forget: () => void;
  /** Keeps the process alive while the stream is open; connections do not. */
  private readonly alive = setInterval(() => undefined, MAX_TIMER_MS);
  /** Those who wait until there is a connection. */
  private openers: (() => void)[] = [];
  private half: 'open' | 'ended' = 'open';
  private over: MeshError | undefined;

  /** @param onOver told once, when the stream is over for its opener */
  constructor(
    readonly head: OutboundHead,
    private readonly maxMessageBytes: number,
    private readonly onOver: () => void,
  ) {
    this.forget = head.cancellation.onCancel((reason) => this.cancel(reason));
  }

  get messages(): Inbox {
    return this.receiver.messages;
  }

  get unsent(): Unsent | undefined {
    return this.link || this.over ? undefined : this.carrier?.unsent;
  }

  opened(): Promise<void> {
    if (this.link || this.over) return ready;
    return new Promise((resolve) => this.openers.push(resolve));
  }

  send(message: Uint8Array): Promise<void> {
    const refusal = this.over ?? this.refusalOf(message);
    return refusal ? Promise.reject(refusal) : this.sender.send(message);
  }

  end(): void {
    if (this.half === 'ended' || this.over) return;
    this.half = 'ended';
    this.sender.end(() => this.link?.writer.frame(FrameType.END, this.id));
  }

  cancel(reason: MeshError): void {
    if (this.over) return;
    this.messages.drop(reason);
    this.settle(reason);
    this.carrier?.abandon(this, reason);
  }

  fail(error: MeshError): void {
    if (this.over) return;
    this.messages.end(error);
    this.settle(error);
  }

  /** It has a connection. */
  attach(link: Link, id: number, granted: number, window: number): void {
    this.link = link;
    this.id = id;
    this.receiver.attach(link, id, window);
    this.sender.attach(link, id, granted);
    this.tellOpeners();
  }

  /** The peer has ended the stream well. */
  gotEnd(): void {
    if (this.over) return;
    this.messages.end();
    this.settle(new MeshError(MeshCode.UNREACHABLE, `the peer has ended the stream to '${this.head.path}'`));
  }

  private tellOpeners(): void {
    for (const tell of this.openers.splice(0)) tell();
  }

  private leave(): void {
    this.cancel(new MeshError(MeshCode.CANCELLED, `the stream to '${this.head.path}' is no longer read`));
  }

  private refusalOf(message: Uint8Array): MeshError | undefined {
    if (this.half === 'ended') {
      const what = `a message was sent after the end of the stream to '${this.head.path}'`;
      return new MeshError(MeshCode.INVALID_REQUEST, what);
    }
    return message.length > this.maxMessageBytes ? tooLong(message.length, this.maxMessageBytes) : undefined;
  }

  private settle(reason: MeshError): void {
    this.over = reason;
    clearInterval(this.alive);
    this.tellOpeners();
    this.forget?.();
    this.receiver.leave();
    // Where its opener has cancelled, the peer is told anyway.
    const rest = this.sender.fail(reason);
    if (rest === 'broken off') this.link?.writer.frame(FrameType.CANCEL, this.id);
    this.onOver();
  }
}
