import type { RawRequest } from '../../protocol/dialect.js';
import type { SessionRequest } from '../../protocol/session-call.js';
import type { SessionOutcome, SessionWait } from '../session-service.js';

/** Where the calls of a session handle go: to the store of this process, or to a node elsewhere. */
export interface SessionPort {
  /**
   * Makes a call of the session API. What went wrong at the other side is the answer's code.
   *
   * @param raw the request as it stood on the wire, when it came over one: it may go on as it is
   * @throws MeshError why there was no answer: E0000000607 when the connection was lost, or the reason of the cancellation
   */
  call(request: SessionRequest, wait: SessionWait, raw?: RawRequest): Promise<SessionOutcome>;
  /**
   * Subscribes to a queue, where the way there carries messages as they arrive; absent where each must be asked for.
   *
   * @param pop the pop that asks for a message
   * @param prefetch messages that may be on their way, or not settled, at a time
   */
  subscribe?(pop: SessionRequest, prefetch: number): SessionSubscription;
}

/** The messages of one queue, as they arrive. */
export interface SessionSubscription {
  /**
   * The next message. Settling it as `delivered` says that it was taken; `lost` returns it to its queue.
   * @throws MeshError E0000000608 when the queue was released; why no more can come
   */
  next(): Promise<SessionOutcome>;
  /** Ends it. What is not settled goes back. */
  close(): void;
}
