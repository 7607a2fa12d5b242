/** Messages remembered at most. */
const MAX_REMEMBERED = 1_024;

/** How long one is remembered, in ms: so long, no node of ours takes a second message with the same id. */
const REMEMBERED_MS = 120_000;

/** Messages that were handed out on a stream that was lost, and may come again. */
export class Redeliveries<Message extends { readonly messageId: string }> {
  private readonly messages = new Map<string, { readonly message: Message; readonly until: number }>();

  /** Remembers a message. One without an id cannot be recognised. */
  expect(message: Message, now = Date.now()): void {
    if (message.messageId === '') return;
    this.messages.set(message.messageId, { message, until: now + REMEMBERED_MS });
    if (this.messages.size <= MAX_REMEMBERED) return;
    for (const oldest of this.messages.keys()) return void this.messages.delete(oldest);
  }

  /** Finds the message that has come again, and forgets it; `undefined` when it is a new one. */
  recognise(messageId: string, now = Date.now()): Message | undefined {
    const known = this.messages.get(messageId);
    if (!known) return undefined;
    this.messages.delete(messageId);
    return known.until > now ? known.message : undefined;
  }
}
