/**
 * A process with one listener, named by its argument. It tells its port; and upon each message, which is a number, how much memory it
 * uses once it has so many connections.
 */
import { setImmediate, setTimeout } from 'node:timers/promises';
import { freePort } from '../free-port.js';
import type { MemoryUse } from './memory-use.js';
import { LISTENERS } from './listeners.js';

/** Bytes in use, once what is no longer needed was collected. */
async function memoryUse(): Promise<MemoryUse> {
  for (let i = 0; i < 4; i++) {
    await setImmediate();
    globalThis.gc?.();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}

function connectionsNow(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;
}

const [name = ''] = process.argv.slice(2);
const port = await freePort();
await LISTENERS[name]?.(port);
process.on('message', async (connections: number) => {
  while (connectionsNow() !== connections) await setTimeout(5);
  process.send?.(await memoryUse());
});
process.on('disconnect', () => process.exit());
process.send?.(port);
