import { Cancellation } from '../../context/cancellation.js';

/** A cancellation of its own, which is cancelled with the one above, for the same reason. */
export function linkedTo(above: Cancellation): Cancellation {
  const linked = new Cancellation();
  above.onCancel((reason) => linked.cancel(reason));
  return linked;
}
