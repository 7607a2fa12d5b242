import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { endingOf } from './ending.js';
import { ReceivedMessage } from './received-message.js';
import type { MessageReader } from './topic-carrier.js';

/** The messages that a reader hands out, one at a time. Leaving the loop gives back a message whose payload was not read. */
export async function* streamOf(open: () => MessageReader): AsyncGenerator<ReceivedMessage, void, undefined> {
  const reader = open();
  try {
    for (;;) {
      const carried = await reader.next();
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
    reader.close();
  }
}
