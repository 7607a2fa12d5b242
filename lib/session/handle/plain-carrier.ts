import type { SessionOutcome } from '../session-service.js';
import { popReader } from './message-reader.js';
import type { SessionCall, SessionCalls } from './session-calls.js';
import type { Carried, CarriedPush, CarryOptions, MessageReader, TopicCarrier } from './topic-carrier.js';

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

  read(topic: string, prefetch: number): MessageReader {
    const subscription = this.calls.subscribe(topic, prefetch);
    if (!subscription) return popReader((options) => this.pop(topic, options));
    return { next: async () => carriedOf(await subscription.next()), close: () => subscription.close() };
  }

  private async take(call: SessionCall): Promise<Carried | undefined> {
    return carriedOf(await this.calls.make(call));
  }
}

function carriedOf({ answer, settle }: SessionOutcome): Carried | undefined {
  if (answer.payload !== undefined) return { payload: answer.payload, metadata: answer.metadata, settle };
  settle('delivered');
  return undefined;
}
