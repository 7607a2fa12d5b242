import { spawnSync } from 'node:child_process';

/** Whether processes are bound to a CPU each. */
export type Pinning = 'pinned' | 'free';

/** Whether processes can be bound to CPU 0 and CPU 1, so that server and client never compete for one. */
export function canPin(): boolean {
  return ['0', '1'].every((cpu) => spawnSync('taskset', ['-c', cpu, process.execPath, '-v']).status === 0);
}
