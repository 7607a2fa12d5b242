import { Cancellation } from '../../context/cancellation.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { DuplexStream } from '../../transport/transport.js';
import { Acknowledgements, type Arrival } from './acknowledgements.js';
import { ConversationStream } from './conversation-stream.js';
import {
  acknowledgement,
  type PoppedMessage,
  type SessionMessages,
  wrapAcknowledging,
  type WrappedRequest,
  wrapRequest,
} from './session-messages.js';

/** Time that the answer to a pop may take beyond the wait that it asks for, in ms. */
const TRAVEL_MS = 10_000;

/** How long a pop of a subscription waits, in ms; then the next follows. */
export const SUBSCRIPTION_POP_MS = 20_000;

/** Most messages that are not acknowledged, with the pops that wait for such. The peer's own bound is twice as high. */
const MAX_UNACKNOWLEDGED = 512;

/** A pop that is answered without a message sooner than this, in ms, did not wait: the next is asked for after a pause as long. */
const SHORT_WAIT_MS = 100;

/** Hears what comes on a {@link SubscriptionStream}. */
export interface SubscriptionStreamOwner {
  /** A message; `arrival` is `undefined` when the peer expects no acknowledgement. */
  onMessage(message: PoppedMessage, arrival: Arrival | undefined): void;
  /** A pop was answered, with a message or without. */
  onAnswer(): void;
  /** The stream is over, or a pop was answered with this error. Told once, unless it was closed. */
  onEnd(reason: MeshError): void;
}

/** One stream of a subscription: pops, as many at a time as are asked for, which carry the acknowledgements along. */
export class SubscriptionStream {
  /** What has arrived on it and was not acknowledged. */
  readonly acknowledgements = new Acknowledgements();
  private readonly stream: ConversationStream;
  private readonly cancellation = new Cancellation();
  private told = 0;
  private known = 0;
  private outstanding = 0;
  private pause: NodeJS.Timeout | undefined;
  private state: 'open' | 'ended' = 'open';
  /** Whether the peer numbers its messages. */
  private numbered = false;

  constructor(
    stream: DuplexStream,
    private readonly messages: SessionMessages,
    private readonly request: WrappedRequest,
    private readonly owner: SubscriptionStreamOwner,
  ) {
    this.stream = new ConversationStream(stream, { onOver: (reason) => this.end(reason) });
  }

  /** The peer knows that everything up to this number has arrived. */
  get confirmed(): number {
    return this.known;
  }

  /** Asks for messages, until so many are asked for. */
  ask(count: number): void {
    const most = Math.min(count, MAX_UNACKNOWLEDGED - this.acknowledgements.size);
    while (this.state === 'open' && !this.pause && this.outstanding < most) this.pop();
  }

  /**
   * Asks for nothing more. What was taken is acknowledged; all else goes back. A peer that numbers nothing would go on handing out
   * messages, so the stream to it is reset.
   */
  close(): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    clearTimeout(this.pause);
    const { upTo } = this.acknowledgements;
    if (!this.numbered) return this.stream.cancel(new MeshError(MeshCode.CANCELLED, 'the subscription was ended'));
    if (upTo > this.told) this.stream.acknowledge(acknowledgement(upTo));
    this.stream.end();
  }

  private pop(): void {
    const { upTo } = this.acknowledgements;
    const message = upTo > this.told ? wrapAcknowledging(this.request, upTo) : wrapRequest(this.request);
    this.told = upTo;
    this.outstanding++;
    const askedAt = Date.now();
    const wait = { deadline: askedAt + SUBSCRIPTION_POP_MS + TRAVEL_MS, cancellation: this.cancellation };
    this.stream.ask(message, wait).then(
      (body) => this.gotAnswer(body, upTo, askedAt),
      (error: unknown) => this.end(toMeshError(error)),
    );
  }

  private gotAnswer(body: Uint8Array, acknowledged: number, askedAt: number): void {
    this.outstanding--;
    this.known = acknowledged;
    if (this.state === 'ended') return;
    try {
      const popped = this.messages.popped(body);
      const { code, message, payload } = popped.answer;
      if (code !== MeshCode.SUCCESS) throw new MeshError(code, message);
      if (payload !== undefined) this.owner.onMessage(popped, this.arrived(popped));
      else if (Date.now() - askedAt < SHORT_WAIT_MS) this.rest();
      this.owner.onAnswer();
    } catch (error) {
      this.end(toMeshError(error));
    }
  }

  private rest(): void {
    this.pause ??= setTimeout(() => {
      this.pause = undefined;
      this.owner.onAnswer();
    }, SHORT_WAIT_MS);
  }

  private arrived({ delivery }: PoppedMessage): Arrival | undefined {
    if (delivery === undefined) return undefined;
    this.numbered = true;
    return this.acknowledgements.arrived(delivery);
  }

  private end(reason: MeshError): void {
    if (this.state === 'ended') return;
    this.close();
    this.owner.onEnd(reason);
  }
}
