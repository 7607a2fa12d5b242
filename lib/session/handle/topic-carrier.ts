import type { PtpMetadata } from '../../protocol/ptp/messages.js';
import type { Settlement } from '../session-service.js';

/** What limits one operation on a topic. */
export interface CarryOptions {
  /** How long it may wait at the other side, in ms. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What a push carries. */
export interface CarriedPush extends CarryOptions {
  readonly metadata?: PtpMetadata | undefined;
  readonly messageId?: string | undefined;
}

/** A message that arrived, and whom to tell whether it was taken. */
export interface Carried {
  readonly payload: Uint8Array;
  readonly metadata: PtpMetadata;
  /** Called once. Where the other side can still take it back, `lost` returns the message to the head of its queue. */
  settle(how: Settlement): void;
}

/** Hands out the messages of a topic, one after the other. */
export interface MessageReader {
  /**
   * The next message; `undefined` when none came for a while. It is not asked again before it has answered.
   * @throws MeshError E0000000608 when the topic was released; what a pop fails with
   */
  next(): Promise<Carried | undefined>;
  /** Ends the wait. What was handed out and is not settled as delivered goes back, where it can. */
  close(): void;
}

/** Carries messages to and from the topics of a session. */
export interface TopicCarrier {
  push(topic: string, payload: Uint8Array, options: CarriedPush): Promise<void>;
  /** @returns `undefined` when there was no message in time */
  pop(topic: string, options: CarryOptions): Promise<Carried | undefined>;
  /** @returns `undefined` when the topic is empty */
  peek(topic: string, options: CarryOptions): Promise<Carried | undefined>;
  release(topic: string, options: CarryOptions): Promise<void>;
  /** Reads a topic from now on. @param prefetch messages that may be on their way, or not settled, at a time */
  read(topic: string, prefetch: number): MessageReader;
}
