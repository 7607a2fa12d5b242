import type { RawRequest } from '../protocol/dialect.js';
import type { SessionRequest } from '../protocol/session-call.js';
import type { OwnNode } from '../session/handle/local-port.js';
import type { SessionPort } from '../session/handle/session-port.js';
import { checkSession, type SessionOutcome, type SessionWait } from '../session/session-service.js';
import { deliver } from './delivery.js';
import { forwardedAnswer } from './forwarded-answer.js';
import { forwardedRequest } from './forwarded-request.js';
import type { Partners } from './partners/partners.js';
import { attemptOf, type WayParts } from './way.js';

/** What a {@link ForwardPort} works with. */
export interface ForwardParts extends WayParts {
  /** The node that forwards. */
  readonly own: OwnNode;
  readonly partners: Pick<Partners, 'find'>;
}

/** Hands requests that are meant for another node to that node (standard, east-west). */
export class ForwardPort implements SessionPort {
  constructor(private readonly parts: ForwardParts) {}

  /**
   * Hands a request on. What the partner answers is the answer, with its code and its message.
   *
   * @throws MeshError E0000000618 when the target is no partner; E0000000605 or E0000000606 when the partner's agreement has expired, or it is
   * disabled; E0000000503 when the request comes round in a circle;
   * E0000000607 when the partner cannot be reached; E0000000601 when it does not answer in time; E0000000616 when its answer
   * is malformed
   */
  async call(request: SessionRequest, wait: SessionWait, raw?: RawRequest): Promise<SessionOutcome> {
    const { own, partners, formats } = this.parts;
    checkSession(request.session);
    const { targetNodeId, targetInstId } = request.parties;
    const partner = partners.find({ nodeId: targetNodeId, instId: targetInstId });
    const attempt = attemptOf(partner, forwardedRequest(partner, own, request, raw, formats), this.parts);
    const answer = await deliver(partner, attempt, request.messageId === '' ? 'unsafe' : 'safe', wait);
    return { answer: forwardedAnswer(partner, request.operation, answer, formats), settle: () => undefined };
  }
}
