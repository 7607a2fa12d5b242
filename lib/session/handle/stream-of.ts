import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { endingOf } from './ending.js';
import type { TakeNext } from './message-source.js';
import { ReceivedMessage } from './received-message.js';

/** How long one pop of a stream waits, in ms; then the next follows. */
const POP_MS = 60_000;

/** The messages that `take` gives, one at a time. Leaving the loop gives back a message whose payload was not read. */
export async function* streamOf(take: TakeNext): AsyncGenerator<ReceivedMessage, void, undefined> {
  const caller = new AbortController();
  try {
    for (;;) {
      const carried = await take({ timeoutMs: POP_MS, signal: caller.signal });
      if (!carried) continue;
      const ending = endingOf(carried);
      if (ending) {
        carried.settle('delivered');
        if (ending === 'completed') return;
        throw ending;
      }
      const message = new ReceivedMessage(carried, () => undefined);
      try {
        yield message;
      } finally {
        message.giveBack();
      }
    }
  } catch (error) {
    if (!(error instanceof MeshError && error.code === MeshCode.SESSION_RELEASED)) throw error;
  } finally {
    caller.abort();
  }
}
