import type { Observable, OperatorFunction } from 'rxjs';
import { endingOf } from './ending.js';
import { messagesOf } from './message-source.js';
import { pushOperator } from './push-to.js';
import type { ReceivedMessage } from './received-message.js';
import { streamOf } from './stream-of.js';
import type { Carried, TopicCarrier } from './topic-carrier.js';

/** How long a push or release may wait at the other side, in ms, when the call does not say. */
const DEFAULT_TIMEOUT_MS = 10_000;

/** How long a pop waits, in ms, when the call does not say: what the standard's servers do. */
const DEFAULT_POP_MS = 120_000;

/** What every operation of a session takes. */
export interface SessionCallOptions {
  /** Topic within the session. Default: the empty one. */
  readonly topic?: string;
  /** How long it may wait at the other side, in ms. Default 10 000; for a pop 120 000. */
  readonly timeoutMs?: number;
  /** Gives up when aborted. */
  readonly signal?: AbortSignal;
}

/** Settings of a push. */
export interface PushOptions extends SessionCallOptions {
  /** Travels beside the payload. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Id by which a repetition is recognised. Default: one of its own. */
  readonly messageId?: string;
}

/** Settings of a stream of messages. */
export interface MessagesOptions {
  /** Topic within the session. Default: the empty one. */
  readonly topic?: string;
  /** Messages that may wait to be taken by the subscriber. Default 16. */
  readonly prefetch?: number;
}

/** Settings of an Observable pushed into a session. */
export interface PushToOptions extends Omit<PushOptions, 'messageId'> {
  /** Most messages that wait while one is being pushed. Default 1 024. */
  readonly maxMessages?: number;
  /** Most bytes that wait while one is being pushed. Default 16 777 216 (16 MiB). */
  readonly maxBytes?: number;
}

/** A session: queues of messages by topic, shared with the parties that know its id. */
export class MeshSession implements AsyncDisposable {
  /** @internal made by `MeshSessions.open` */
  constructor(
    /** Id of the session, unique network-wide. */
    readonly id: string,
    private readonly carrier: TopicCarrier,
  ) {}

  /**
   * Appends a message. Resolves when it was accepted: from then on it is delivered once and in order.
   * @throws MeshError E0000000700 when there is no room for it, E0000000618 when the target is not in the network
   */
  push(payload: Uint8Array, options: PushOptions = {}): Promise<void> {
    const { topic = '', timeoutMs = DEFAULT_TIMEOUT_MS, ...rest } = options;
    return this.carrier.push(topic, payload, { ...rest, timeoutMs });
  }

  /**
   * Takes the head of a topic, waiting for one.
   * @returns `undefined` when there was none in time, or when the head told that the stream of the handler that pushes here is
   * complete
   * @throws MeshError E0000000608 when the session was released meanwhile; the code of that stream when it failed
   */
  async pop(options: SessionCallOptions = {}): Promise<Uint8Array | undefined> {
    const { topic = '', timeoutMs = DEFAULT_POP_MS, signal } = options;
    const carried = await this.carrier.pop(topic, { timeoutMs, signal });
    return payloadOf(carried);
  }

  /**
   * Looks at the head of a topic. Whether it stays there is for its server to say: with ours it does, unless configured.
   * @returns `undefined` when the topic is empty, or its head tells that the stream of the handler that pushes here is complete
   * @throws MeshError the code of that stream when it failed
   */
  async peek(options: SessionCallOptions = {}): Promise<Uint8Array | undefined> {
    const { topic = '', timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
    const carried = await this.carrier.peek(topic, { timeoutMs, signal });
    return payloadOf(carried);
  }

  /** Drops what is unread and ends the pops that wait: of one topic, or of the whole session when none is named. */
  release(options: SessionCallOptions = {}): Promise<void> {
    const { topic = '', timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
    return this.carrier.release(topic, { timeoutMs, signal });
  }

  /**
   * The messages of a topic as they arrive. At most `prefetch` of them wait to be taken; reading a message's payload takes
   * it. Completes when the session is released, or the stream of the handler that pushes here is complete; fails with the code of
   * what went wrong here or there. Unsubscribing ends the wait, and what was not taken goes back where it can. Every subscription is a reader of its own.
   */
  messages({ topic = '', prefetch = 16 }: MessagesOptions = {}): Observable<ReceivedMessage> {
    return messagesOf(() => this.carrier.read(topic, prefetch), prefetch);
  }

  /**
   * The messages of a topic for `for await`: the next is asked for when the loop comes round, or up to `prefetch` ahead by a
   * conversation (`via: 'transport'`). Ends as {@link messages} does.
   */
  stream({ topic = '', prefetch = 16 }: MessagesOptions = {}): AsyncGenerator<ReceivedMessage, void, undefined> {
    return streamOf(() => this.carrier.read(topic, prefetch));
  }

  /**
   * An operator that pushes every value of an Observable into a topic, in order, and emits each once it was accepted. What
   * the source emits meanwhile waits; beyond the bounds the stream fails with E0000000700.
   */
  pushTo(options: PushToOptions = {}): OperatorFunction<Uint8Array, Uint8Array> {
    const { maxMessages = 1_024, maxBytes = 16 * 1_024 * 1_024, signal, ...rest } = options;
    const either = (one: AbortSignal) => (signal ? AbortSignal.any([signal, one]) : one);
    return pushOperator<Uint8Array>(
      (payload, caller) => this.push(payload, { ...rest, signal: either(caller) }),
      { maxMessages, maxBytes },
      (payload) => payload.byteLength,
    );
  }

  /** Releases the session: `await using session = …`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

function payloadOf(carried: Carried | undefined): Uint8Array | undefined {
  if (!carried) return undefined;
  carried.settle('delivered');
  const ending = endingOf(carried);
  if (!ending) return carried.payload;
  if (ending === 'completed') return undefined;
  throw ending;
}
