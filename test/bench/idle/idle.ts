import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { figure, markdown } from '../markdown.js';
import type { BenchOptions } from '../options.js';
import type { Idle } from './callers.js';
import type { MemoryUse } from './memory-use.js';

const KIB = 1_024;
const PATIENCE_MS = 60_000;

/** The beginning of a connection of HTTP/2, as gRPC makes it: the preface, and settings that are all as usual. */
const PREFACE = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

/** A request, after which the connection stays. */
const REQUEST = Buffer.from('GET /nothing HTTP/1.1\r\nhost: h\r\n\r\n');

/** Connections that are idle in the same way, and the listeners that are compared by them. */
const CASES = [
  { say: 'nothing', greeting: Buffer.alloc(0), listeners: ['net', 'http', 'mesh'] },
  { say: 'HTTP/1.1, a request', greeting: REQUEST, listeners: ['http', 'mesh'] },
  { say: 'HTTP/2, the preface', greeting: PREFACE, listeners: ['http2', 'mesh'] },
] as const;

/** Shows what an idle connection costs the process that has accepted it, of our port and of Node's own servers. */
export async function benchIdle({ connections }: BenchOptions): Promise<string> {
  const rows = [['connections say', 'to', 'connections', 'heap KiB each', 'rss KiB each']];
  const callers = start('callers.js');
  try {
    for (const { say, greeting, listeners } of CASES) {
      for (const listener of listeners) {
        const { heap, rss } = await costOf(listener, greeting, connections, callers);
        rows.push([say, listener, figure(connections), figure(heap / KIB), figure(rss / KIB)]);
      }
    }
  } finally {
    await end(callers);
  }
  return markdown(rows);
}

/** What each of so many connections costs a listener, in a process of its own. */
async function costOf(name: string, said: Buffer, connections: number, callers: ChildProcess): Promise<MemoryUse> {
  const listener = start('listener.js', [name], ['--expose-gc']);
  const greeting = said.toString('base64');
  const use = async (port: number, count: number): Promise<MemoryUse> => {
    callers.send({ port, count, greeting } satisfies Idle);
    const open = await told<number>(callers);
    if (open !== count) throw new Error(`${name} has closed ${count - open} of ${count} connections`);
    listener.send(count);
    return told(listener);
  };
  try {
    const port = await told<number>(listener);
    // What is made once only is not what is measured.
    await use(port, Math.ceil(connections / 20));
    const before = await use(port, 0);
    const { heap, rss } = await use(port, connections);
    await use(port, 0);
    return { heap: (heap - before.heap) / connections, rss: (rss - before.rss) / connections };
  } finally {
    await end(listener);
  }
}

function start(script: string, args: readonly string[] = [], execArgv: readonly string[] = []): ChildProcess {
  return fork(fileURLToPath(new URL(script, import.meta.url)), args, { execArgv: [...execArgv] });
}

/** What a process tells next. */
async function told<T>(child: ChildProcess): Promise<T> {
  const over = new AbortController();
  const ended = once(child, 'exit', over).then(([code]) => {
    throw new Error(`the process ended with ${String(code)}`);
  });
  const message = once(child, 'message', { signal: AbortSignal.any([over.signal, AbortSignal.timeout(PATIENCE_MS)]) });
  try {
    const [value] = await Promise.race([message, ended]);
    return value as T;
  } finally {
    over.abort();
    await Promise.allSettled([message, ended]);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
