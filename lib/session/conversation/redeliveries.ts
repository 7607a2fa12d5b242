import type { Arrival } from './acknowledgements.js';
import type { SubscriptionStream } from './subscription-stream.js';

/** Messages remembered at most. */
const MAX_REMEMBERED = 1_024;

/** A message that was handed out, and where it can be acknowledged at present. */
export interface HandedMessage {
  /** The id with which it was pushed; empty when the peer does not say. */
  readonly messageId: string;
  taken: boolean;
  stream: SubscriptionStream;
  /** `undefined` when the peer expects no acknowledgement. */
  arrival: Arrival | undefined;
}

/** Messages that were handed out on a stream that was lost, and may come again. */
export class Redeliveries {
  private readonly messages = new Map<string, HandedMessage>();

  /** Remembers a message. One without an id cannot be recognised. */
  expect(message: HandedMessage): void {
    if (message.messageId === '') return;
    this.messages.set(message.messageId, message);
    if (this.messages.size <= MAX_REMEMBERED) return;
    for (const oldest of this.messages.keys()) return void this.messages.delete(oldest);
  }

  /** Finds the message that has come again, and forgets it; `undefined` when it is a new one. */
  recognise(messageId: string): HandedMessage | undefined {
    const message = this.messages.get(messageId);
    if (message) this.messages.delete(messageId);
    return message;
  }
}
