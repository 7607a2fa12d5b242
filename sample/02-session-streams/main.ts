/** Runs the two institutions as two processes, each with its own node. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const TIMEOUT_MS = 60_000;

/** Two ports that nobody has: each institution must know the other's before it starts. */
async function freePorts(): Promise<readonly [number, number]> {
  const servers = [createServer().listen(0, '127.0.0.1'), createServer().listen(0, '127.0.0.1')];
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const [first, second] = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return [first ?? 0, second ?? 0];
}

/** Runs an institution to its end, and ends it when it does not come to one. */
async function run(number: 4 | 5, port: number, partnerPort: number): Promise<number> {
  const file = fileURLToPath(new URL('./institution.js', import.meta.url));
  const child = fork(file, [`${number}`, `${port}`, `127.0.0.1:${partnerPort}`]);
  const overdue = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(overdue);
  return code ?? 1;
}

const [port4, port5] = await freePorts();
const codes = await Promise.all([run(4, port4, port5), run(5, port5, port4)]);
const good = codes.every((code) => code === 0);
console.log(good ? '\nboth institutions have every message' : '\nmessages are missing or out of order');
process.exitCode = good ? 0 : 1;
