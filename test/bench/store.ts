import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchOptions } from './options.js';

/** Prints what the store of sessions does by itself, without a wire: its speed and memory with 1, 1 000 and 100 000 sessions. */
export function benchStore({ seconds }: BenchOptions): void {
  const script = fileURLToPath(new URL('../rooms/run.mjs', import.meta.url));
  const hurry = seconds < 1 ? ['--hurry'] : [];
  console.log('\n## store\n');
  execFileSync(process.execPath, [script, 'session-store', ...hurry], { stdio: 'inherit' });
}
