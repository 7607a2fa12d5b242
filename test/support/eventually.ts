import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something holds, looking often; fails when it does not within two seconds. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 2_000; !holds(); await sleep(2)) {
    if (Date.now() > end) throw new Error(`${what}: not within two seconds`);
  }
}
