import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { SessionRequest } from '../../protocol/session-call.js';
import type { SessionOutcome, SessionWait } from '../session-service.js';
import { type OpenStream, OutboundConversation } from './outbound-conversation.js';
import { PopLines } from './pop-lines.js';
import { type SessionMessages, wrapRequest } from './session-messages.js';
import { Subscription } from './subscription.js';
import { SUBSCRIPTION_POP_MS } from './subscription-stream.js';

/**
 * All conversations with one node, in one dialect. Answers come in the order of the requests, so what waits does not stand before
 * what does not: pushes, peeks and releases share one conversation, each pop that waits has a stream, and so has each subscription.
 */
export class NodeConversations {
  private readonly calls: OutboundConversation;
  private readonly pops: PopLines;
  private readonly subscriptions = new Set<Subscription>();
  private closed: MeshError | undefined;

  constructor(
    private readonly open: OpenStream,
    private readonly messages: SessionMessages,
  ) {
    this.calls = new OutboundConversation(open);
    this.pops = new PopLines(open, messages);
  }

  /** Sends an `Inbound` that does not wait at the other side, and gives its `Outbound`. @throws MeshError why there was no answer */
  ask(inbound: Uint8Array, wait: SessionWait): Promise<Uint8Array> {
    return this.calls.ask(inbound, wait);
  }

  /** Makes a session call. @throws MeshError why there was no answer */
  async call(request: SessionRequest, wait: SessionWait): Promise<SessionOutcome> {
    if (request.operation === 'pop') return this.pops.pop(request, wait);
    const answer = await this.calls.ask(wrapRequest(this.messages.request(request)), wait);
    return { answer: this.messages.answer(request.operation, answer), settle: () => undefined };
  }

  /**
   * Subscribes to a queue.
   * @param pop asks for a message
   * @throws MeshError E0000000607 when the application is closing; E0000000400 when the pop cannot be said
   */
  subscribe(pop: SessionRequest, prefetch: number): Subscription {
    if (this.closed) throw this.closed;
    const { open, messages } = this;
    const request = messages.request({ ...pop, timeoutMs: SUBSCRIPTION_POP_MS }, 'acknowledged');
    const subscription = new Subscription({
      open,
      messages,
      request,
      prefetch,
      onOver: () => this.subscriptions.delete(subscription),
    });
    this.subscriptions.add(subscription);
    return subscription;
  }

  /** Whether nothing uses it. */
  get quiet(): boolean {
    return this.calls.quiet && this.subscriptions.size === 0 && this.pops.quiet;
  }

  /** Ends the pops and subscriptions; other calls under way are still answered. */
  close(): void {
    this.closed ??= new MeshError(MeshCode.UNREACHABLE, 'the application is closing', { neverSent: true });
    this.calls.close();
    this.pops.close(this.closed);
    for (const subscription of this.subscriptions) subscription.close(this.closed);
  }
}
