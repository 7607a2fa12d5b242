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
}
