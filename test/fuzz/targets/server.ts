import { MAGIC } from '../../../lib/transport/link/wire.js';
import { Neighbourhood, PATIENCE_MS, say, toldBy } from '../connections.js';
import type { Target } from '../target.js';

/** Time for who speaks another protocol, in ms. */
const OTHER_PATIENCE_MS = 300;

/** A port, with whatever a caller says first and after that. */
export const SERVER: Target = {
  name: 'server',
  shape: 'frames',
  parallel: 32,
  open: async () => {
    const neighbourhood = await Neighbourhood.open();
    return {
      feed: async (input) => {
        const { address } = neighbourhood.listener;
        const isMesh = input.subarray(0, MAGIC.length).equals(MAGIC);
        if (isMesh) return toldBy(await say(address, input, PATIENCE_MS, 'fail'));
        // HTTP/2 of Node keeps some connections open that it has given up, until the caller closes them.
        await say(address, input, OTHER_PATIENCE_MS, 'leave');
        return 'another protocol';
      },
      check: () => neighbourhood.check(),
      close: () => neighbourhood.close(),
    };
  },
};
