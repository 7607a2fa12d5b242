import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { SessionAnswer } from '../../protocol/session-call.js';
import type { SessionOutcome, Settlement } from '../session-service.js';
import type { SessionSubscription } from '../handle/session-port.js';
import type { Arrival } from './acknowledgements.js';
import type { OpenStream } from './outbound-conversation.js';
import { Redeliveries } from './redeliveries.js';
import { Reopening } from './reopening.js';
import type { PoppedMessage, SessionMessages, WrappedRequest } from './session-messages.js';
import { SubscriptionStream } from './subscription-stream.js';

/** Most messages that a subscription asks for ahead. */
const MAX_PREFETCH = 256;

/** What a {@link Subscription} subscribes with. */
export interface SubscriptionParts {
  readonly open: OpenStream;
  readonly messages: SessionMessages;
  /** The pop that asks for a message, one to be acknowledged. */
  readonly request: WrappedRequest;
  /** Messages asked for, or handed out and not settled, at a time; at most 256. */
  readonly prefetch: number;
  /** Told once, when it is over. */
  readonly onOver: (subscription: Subscription) => void;
}

/** A message that was handed out, and where it can be acknowledged at present. */
interface HandedMessage {
  /** The id with which it was pushed; empty when the peer does not say. */
  readonly messageId: string;
  taken: boolean;
  stream: SubscriptionStream;
  /** `undefined` when the peer expects no acknowledgement. */
  arrival: Arrival | undefined;
}

interface Reader {
  readonly resolve: (outcome: SessionOutcome) => void;
  readonly reject: (error: MeshError) => void;
}

interface Ready {
  readonly message: HandedMessage;
  readonly answer: SessionAnswer;
}

/**
 * The messages of one queue, as they arrive: pops stay outstanding on a stream of its own, and what was taken is acknowledged. A
 * lost stream is opened again. What was not acknowledged then comes again; what had been handed out before is recognised by the
 * id with which it was pushed, and not handed out twice.
 */
export class Subscription implements SessionSubscription {
  private readonly prefetch: number;
  private stream: SubscriptionStream | undefined;
  /** What has arrived and was not asked for yet. */
  private ready: Ready[] = [];
  /** What was handed out on this stream and is not settled. */
  private readonly unsettled = new Set<HandedMessage>();
  /** What was handed out on this stream and is not known to be acknowledged, in order. */
  private unconfirmed: HandedMessage[] = [];
  private readonly redeliveries = new Redeliveries<HandedMessage>();
  private readonly reopening = new Reopening(() => this.schedule());
  private reader: Reader | undefined;
  private failure: MeshError | undefined;
  private scheduled = false;

  constructor(private readonly parts: SubscriptionParts) {
    this.prefetch = Math.min(Math.max(1, parts.prefetch), MAX_PREFETCH);
    this.schedule();
  }

  /**
   * The next message. Settle it as `delivered` once it was taken; `lost` returns it to its queue, with all behind it.
   * @throws MeshError E0000000608 when the queue was released; why the peer cannot be reached any more; what else it answers
   */
  next(): Promise<SessionOutcome> {
    const ready = this.ready.shift();
    if (ready) return Promise.resolve(this.handOut(ready));
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => (this.reader = { resolve, reject }));
  }

  /** Ends it: what was taken is acknowledged, all else goes back. */
  close(reason = new MeshError(MeshCode.CANCELLED, 'the subscription was ended')): void {
    this.stream?.close();
    this.ready = [];
    this.fail(reason);
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    // Many messages may be taken at once; one acknowledgement is enough for them.
    queueMicrotask(() => {
      this.scheduled = false;
      this.fill();
    });
  }

  private fill(): void {
    if (this.failure || this.reopening.pausing) return;
    try {
      this.stream ??= this.openStream();
    } catch (error) {
      return this.ended(toMeshError(error));
    }
    this.stream.ask(this.prefetch - this.ready.length - this.unsettled.size);
  }

  private openStream(): SubscriptionStream {
    const { open, messages, request } = this.parts;
    const stream = new SubscriptionStream(open(), messages, request, {
      onMessage: (popped, arrival) => this.gotMessage(stream, popped, arrival),
      onAnswer: () => this.gotAnswer(stream),
      onEnd: (reason) => this.ended(reason),
    });
    return stream;
  }

  private gotMessage(stream: SubscriptionStream, popped: PoppedMessage, arrival: Arrival | undefined): void {
    const { messageId, answer } = popped;
    const known = this.redeliveries.recognise(messageId);
    if (known) return this.gotAgain(known, stream, arrival);
    const ready: Ready = { message: { messageId, taken: false, stream, arrival }, answer };
    const { reader } = this;
    this.reader = undefined;
    if (reader) reader.resolve(this.handOut(ready));
    else this.ready.push(ready);
  }

  /** A message that was handed out on a stream that was lost. */
  private gotAgain(message: HandedMessage, stream: SubscriptionStream, arrival: Arrival | undefined): void {
    message.stream = stream;
    message.arrival = arrival;
    this.unconfirmed.push(message);
    if (!message.taken) this.unsettled.add(message);
    else if (arrival) stream.acknowledgements.take(arrival);
  }

  private gotAnswer({ confirmed }: SubscriptionStream): void {
    this.reopening.succeeded();
    const known = this.unconfirmed.findIndex(({ arrival }) => (arrival?.delivery ?? 0) > confirmed);
    this.unconfirmed.splice(0, known === -1 ? this.unconfirmed.length : known);
    this.schedule();
  }

  private handOut({ message, answer }: Ready): SessionOutcome {
    this.unsettled.add(message);
    if (message.arrival) this.unconfirmed.push(message);
    return { answer, settle: (how) => this.settle(message, how) };
  }

  private settle(message: HandedMessage, how: Settlement): void {
    this.unsettled.delete(message);
    if (how === 'lost') return this.putBack(message);
    message.taken = true;
    if (message.arrival) message.stream.acknowledgements.take(message.arrival);
    this.schedule();
  }

  /** One number acknowledges everything up to it, so that one message alone goes back only with its stream. */
  private putBack(message: HandedMessage): void {
    if (this.failure || message.stream !== this.stream) return;
    this.unconfirmed = this.unconfirmed.filter((other) => other !== message);
    this.stream.close();
    this.leaveStream();
    this.schedule();
  }

  /** What was handed out on this stream may come again on the next, and what is still here does. */
  private leaveStream(): void {
    for (const message of this.unconfirmed) this.redeliveries.expect(message);
    this.unconfirmed = [];
    this.unsettled.clear();
    this.ready = this.ready.filter(({ message }) => !message.arrival);
    this.stream = undefined;
  }

  private ended(reason: MeshError): void {
    if (this.failure) return;
    if (reason.code === MeshCode.SESSION_RELEASED) return this.fail(reason);
    this.leaveStream();
    if (!this.reopening.isWorthTrying(reason)) this.fail(reason);
  }

  private fail(reason: MeshError): void {
    if (this.failure) return;
    this.failure = reason;
    this.reopening.stop();
    this.reader?.reject(reason);
    this.reader = undefined;
    this.parts.onOver(this);
  }
}
