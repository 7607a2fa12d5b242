import { LinkedList, ListItem } from '../collections/linked-list.js';
import { Cancellation } from '../context/cancellation.js';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import { successAnswer, type SessionOutcome, type SessionWait } from './session-service.js';

/** A pop that is cancelled for this reason ends as though its time had passed. */
export const CLOSING = new MeshError(MeshCode.UNREACHABLE, 'the node is closing');

/** A pop under way. */
class Wait extends ListItem {
  readonly cancellation = new Cancellation();
}

/**
 * The pops that callers elsewhere have under way. When the node closes, they end as though their time had passed without a
 * message: every deployed peer asks again then, of this node or of another, while an error would end its session.
 */
export class DrainingWaits {
  private readonly waits = new LinkedList<Wait>();
  private draining = false;

  /** Serves a pop; once the waits have ended, without waiting. */
  async serve(wait: SessionWait, pop: (wait: SessionWait) => Promise<SessionOutcome>): Promise<SessionOutcome> {
    if (this.draining) return pop({ deadline: Date.now(), cancellation: wait.cancellation });
    const own = new Wait();
    const { cancellation } = own;
    const forget = wait.cancellation.onCancel((reason) => cancellation.cancel(reason));
    this.waits.append(own);
    try {
      const outcome = await pop({ deadline: wait.deadline, cancellation });
      const ended = cancellation.reason === CLOSING && outcome.answer.code !== MeshCode.SUCCESS;
      return ended ? { ...outcome, answer: successAnswer(undefined) } : outcome;
    } finally {
      this.waits.remove(own);
      forget();
    }
  }

  /** Ends the waits of now, and lets none begin. */
  end(): void {
    this.draining = true;
    for (const { cancellation } of this.waits) cancellation.cancel(CLOSING);
  }
}
