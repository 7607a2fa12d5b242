import { setTimeout as sleep } from 'node:timers/promises';

/** How long to wait at most for what comes at once on a quiet machine, in ms. */
const PATIENCE_MS = 4_000;

/** Waits until something holds, looking often; fails when it does not within four seconds. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !holds(); await sleep(2)) {
    if (performance.now() > end) throw new Error(`${what}: not within four seconds`);
  }
}

/** Waits until a number stays as it is, and says which it is. */
export async function settled(count: () => number): Promise<number> {
  for (let before = -1, same = 0; ; await sleep(10)) {
    same = count() === before ? same + 1 : 0;
    before = count();
    if (same >= 10) return before;
  }
}
