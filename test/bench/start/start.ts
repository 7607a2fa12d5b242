import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { figure, markdown } from '../markdown.js';
import type { BenchOptions } from '../options.js';
import { HOST } from '../peer.js';
import { median, summarise } from '../stats.js';

const PATIENCE_MS = 60_000;

/** What is started, and which line says that it is ready. */
interface Starter {
  readonly name: string;
  readonly args: readonly string[];
  readonly ready: RegExp;
}

const STARTERS: readonly Starter[] = [
  { name: 'node', args: ['-e', 'console.log("ready")'], ready: /^ready$/m },
  { name: 'bare Nest', args: [file('bare-nest.js')], ready: /^ready$/m },
  {
    name: 'mesh-node',
    args: [file('../../../../dist/cli/main.js'), '--host', HOST, '--port', '0'],
    ready: /^ {2}ready .*$/m,
  },
];

function file(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** Shows how long a node takes from `spawn` to the line that says that it is ready, beside Node alone and a bare Nest application. */
export async function benchStart({ rounds }: BenchOptions): Promise<string> {
  const times = new Map<Starter, number[]>(STARTERS.map((starter) => [starter, []]));
  // The first round fills the caches of the operating system.
  for (let round = rounds === 1 ? 0 : -1; round < rounds; round++) {
    for (const starter of STARTERS) {
      const time = await timeToStart(starter);
      if (round >= 0) times.get(starter)?.push(time);
    }
  }
  const rows = [['started', 'ms until ready', 'min–max']];
  for (const [{ name }, all] of times) {
    const { min, max } = summarise(all);
    rows.push([name, figure(median(all)), `${figure(min)}–${figure(max)}`]);
  }
  return `Median of ${rounds}\n\n${markdown(rows)}`;
}

async function timeToStart({ name, args, ready }: Starter): Promise<number> {
  const begin = performance.now();
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const overdue = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  let printed = '';
  try {
    for await (const text of child.stdout.setEncoding('utf8')) {
      printed += String(text);
      if (ready.test(printed)) return performance.now() - begin;
    }
    throw new Error(`${name} ended without getting ready: ${printed}`);
  } finally {
    clearTimeout(overdue);
    child.kill('SIGKILL');
    await ended;
  }
}
