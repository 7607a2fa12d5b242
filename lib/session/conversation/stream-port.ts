import type { SessionRequest } from '../../protocol/session-call.js';
import type { SessionPort, SessionSubscription } from '../handle/session-port.js';
import type { SessionOutcome, SessionWait } from '../session-service.js';
import type { NodeConversations } from './node-conversations.js';
import { type WrappedRequest, wrapRequest } from './session-messages.js';

/** A node elsewhere, spoken to by conversations (`transport` of the standard). */
export class StreamPort implements SessionPort {
  constructor(private readonly conversations: NodeConversations) {}

  call(request: SessionRequest, wait: SessionWait): Promise<SessionOutcome> {
    return this.conversations.call(request, wait);
  }

  subscribe(pop: SessionRequest, prefetch: number): SessionSubscription {
    return this.conversations.subscribe(pop, prefetch);
  }

  /**
   * Hands on a request that is written already, in the order of the calls. It must not be one that waits for long, since it
   * would hold up those behind it.
   *
   * @param raw its headers in the standard's spelling, and its body in protobuf
   * @returns the answer, as bytes: an `Outbound`
   * @throws MeshError E0000000607 when the stream was lost, E0000000601 when the deadline passed, E0000000617 when the peer serves no
   * conversations; the reason of the cancellation
   */
  exchange(raw: WrappedRequest, wait: SessionWait): Promise<Uint8Array> {
    return this.conversations.ask(wrapRequest(raw), wait);
  }
}
