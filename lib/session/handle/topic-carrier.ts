import type { Settlement } from '../session-service.js';
import type { PtpMetadata } from '../../protocol/ptp/messages.js';
import type { SessionCall, SessionCalls } from './session-calls.js';

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

/** Carries messages to and from the topics of a session. */
export interface TopicCarrier {
  push(topic: string, payload: Uint8Array, options: CarriedPush): Promise<void>;
  /** @returns `undefined` when there was no message in time */
  pop(topic: string, options: CarryOptions): Promise<Carried | undefined>;
  /** @returns `undefined` when the topic is empty */
  peek(topic: string, options: CarryOptions): Promise<Carried | undefined>;
  release(topic: string, options: CarryOptions): Promise<void>;
}

/** One call of the session API for each operation: what the standard describes. */
export class PlainCarrier implements TopicCarrier {
  constructor(private readonly calls: SessionCalls) {}

  push(topic: string, payload: Uint8Array, options: CarriedPush): Promise<void> {
    return this.calls.push({ ...options, topic, payload });
  }

  pop(topic: string, options: CarryOptions): Promise<Carried | undefined> {
    return this.take({ ...options, operation: 'pop', topic });
  }

  peek(topic: string, options: CarryOptions): Promise<Carried | undefined> {
    return this.take({ ...options, operation: 'peek', topic });
  }

  async release(topic: string, options: CarryOptions): Promise<void> {
    (await this.calls.make({ ...options, operation: 'release', topic })).settle('delivered');
  }

  private async take(call: SessionCall): Promise<Carried | undefined> {
    const { answer, settle } = await this.calls.make(call);
    if (answer.payload !== undefined) return { payload: answer.payload, metadata: answer.metadata, settle };
    settle('delivered');
    return undefined;
  }
}
