import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { Unsent } from '../../context/time-limits.js';
import type { Lane } from '../http2/lane.js';
import { Inbox } from '../inbox.js';
import { MAX_TIMER_MS } from '../../context/expiry.js';
import type { Carrier, Passenger } from '../pending-call.js';
import { tooLong } from '../refusals.js';
import { ready, Senders } from '../senders.js';
import type { DuplexStream, OutboundHead } from '../transport.js';
import { DuplexCall } from './duplex-call.js';
import { encodeFrame } from './frames.js';

/** The opener's end of a stream over gRPC: holds what is sent until a connection is there. */
export class OutboundDuplex implements DuplexStream, Passenger {
  carrier: Carrier | undefined;
  readonly messages: Inbox;
  private readonly senders = new Senders();
  private readonly forget: () => void;
  /** Keeps the process alive while the stream is open; connections do not. */
  private readonly alive = setInterval(() => undefined, MAX_TIMER_MS);
  /** What was sent before there was a connection. */
  private early: Buffer[] = [];
  private call: DuplexCall | undefined;
  /** Those who wait until there is a connection. */
  private openers: (() => void)[] = [];
  private half: 'open' | 'ended' = 'open';
  private over: MeshError | undefined;

  /** @param onOver told once, when the stream is over for its opener */
  constructor(
    private readonly head: OutboundHead,
    private readonly maxMessageBytes: number,
    private readonly onOver: () => void,
  ) {
    this.messages = new Inbox({ onRoom: () => this.call?.resume(), onLeft: () => this.leave() });
    this.forget = head.cancellation.onCancel((reason) => this.cancel(reason));
  }

  get unsent(): Unsent | undefined {
    return this.call || this.over ? undefined : this.carrier?.unsent;
  }

  opened(): Promise<void> {
    if (this.call || this.over) return ready;
    return new Promise((resolve) => this.openers.push(resolve));
  }

  /** Opens the stream on a connection. @throws MeshError E0000000400 for headers that cannot be sent */
  begin(lane: Lane): void {
    const call = new DuplexCall(lane, this.head, this);
    this.call = call;
    this.carrier = undefined;
    const free = this.early.splice(0).reduce((_, frame) => call.write(frame), true as boolean);
    if (this.half === 'ended') call.finish();
    if (free) this.senders.release();
    this.tellOpeners();
  }

  send(message: Uint8Array): Promise<void> {
    const refusal = this.over ?? this.refusalOf(message);
    if (refusal) return Promise.reject(refusal);
    const frame = encodeFrame(message);
    if (!this.call) this.early.push(frame);
    else if (this.call.write(frame)) return ready;
    return this.senders.wait();
  }

  end(): void {
    if (this.half === 'ended' || this.over) return;
    this.half = 'ended';
    this.call?.finish();
  }

  cancel(reason: MeshError): void {
    if (this.over) return;
    this.messages.drop(reason);
    this.settle(reason);
    this.carrier?.abandon(this, reason);
    this.call?.abandon();
  }

  fail(error: MeshError): void {
    if (this.over) return;
    this.messages.end(error);
    this.settle(error);
  }

  /** The peer has room for more. */
  gotDrain(): void {
    this.senders.release();
  }

  /** The peer has ended the stream well. */
  gotStatusOk(): void {
    if (this.over) return;
    this.messages.end();
    this.settle(new MeshError(MeshCode.UNREACHABLE, `the peer has ended the stream to '${this.head.path}'`));
  }

  private leave(): void {
    this.cancel(new MeshError(MeshCode.CANCELLED, `the stream to '${this.head.path}' is no longer read`));
  }

  private refusalOf(message: Uint8Array): MeshError | undefined {
    if (this.half === 'ended') {
      return new MeshError(
        MeshCode.INVALID_REQUEST,
        `a message was sent after the end of the stream to '${this.head.path}'`,
      );
    }
    return message.length > this.maxMessageBytes ? tooLong(message.length, this.maxMessageBytes) : undefined;
  }

  private settle(reason: MeshError): void {
    this.over = reason;
    this.early = [];
    clearInterval(this.alive);
    this.forget?.();
    this.senders.fail(reason);
    this.tellOpeners();
    this.onOver();
  }

  private tellOpeners(): void {
    for (const tell of this.openers.splice(0)) tell();
  }
}
