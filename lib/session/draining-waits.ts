import { Cancellation } from '../context/cancellation.js';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import { successAnswer, type SessionOutcome, type SessionWait } from './session-service.js';

/** A pop that is cancelled for this reason ends as though its time had passed. */
export const CLOSING = new MeshError(MeshCode.UNREACHABLE, 'the node is closing');

/**
 * The pops that callers elsewhere have under way. When the node closes, they end as though their time had passed without a
 * message: every deployed peer asks again then, of this node or of another, while an error would end its session.
 */
export class DrainingWaits {
  private readonly waits = new Set<Cancellation>();
  private draining = false;

  /** Serves a pop; once the waits have ended, without waiting. */
  async serve(wait: SessionWait, pop: (wait: SessionWait) => Promise<SessionOutcome>): Promise<SessionOutcome> {
    if (this.draining) return pop({ deadline: Date.now(), cancellation: wait.cancellation });
    const own = new Cancellation();
    const forget = wait.cancellation.onCancel((reason) => own.cancel(reason));
    this.waits.add(own);
    try {
      const outcome = await pop({ deadline: wait.deadline, cancellation: own });
      const ended = own.reason === CLOSING && outcome.answer.code !== MeshCode.SUCCESS;
      return ended ? { ...outcome, answer: successAnswer(undefined) } : outcome;
    } finally {
      this.waits.delete(own);
      forget();
    }
  }

  /** Ends the waits of now, and lets none begin. */
  end(): void {
    this.draining = true;
    for (const wait of this.waits) wait.cancel(CLOSING);
  }
}
