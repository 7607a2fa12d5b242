import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchOptions } from './options.js';

/** Shows what the store of sessions does by itself, without a wire: its speed and memory with 1, 1 000 and 100 000 sessions. */
export async function benchStore({ seconds }: BenchOptions): Promise<string> {
  const script = fileURLToPath(new URL('../rooms/run.mjs', import.meta.url));
  const args = [script, 'session-store', ...(seconds < 1 ? ['--hurry'] : [])];
  const text = execFileSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
  return `\`\`\`text\n${text.trim()}\n\`\`\``;
}
