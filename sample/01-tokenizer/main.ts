/** Runs provider and consumer as two processes, the consumer once the provider listens. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 5_000;

function start(file: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), { env: { ...process.env, ...env } });
}

async function exitCode(child: ChildProcess): Promise<number> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? 1;
}

/** The address at which the provider listens. */
async function listening(provider: ChildProcess): Promise<string> {
  const [address] = await Promise.race([
    once(provider, 'message', { signal: AbortSignal.timeout(START_TIMEOUT_MS) }),
    exitCode(provider).then((code) => Promise.reject(new Error(`the provider ended with exit code ${code}`))),
  ]);
  return String(address);
}

/** Lets the provider close in good order, and ends it when it does not. */
async function stop(provider: ChildProcess): Promise<number> {
  if (provider.connected) provider.disconnect();
  const overdue = setTimeout(() => provider.kill('SIGKILL'), STOP_TIMEOUT_MS);
  const code = await exitCode(provider);
  clearTimeout(overdue);
  return code;
}

const provider = start('./provider.js');
const codes: number[] = [];
try {
  const consumer = start('./consumer.js', { MESH_ADDRESS: await listening(provider) });
  codes.push(await exitCode(consumer));
} finally {
  codes.push(await stop(provider));
}
process.exitCode = Math.max(...codes);
