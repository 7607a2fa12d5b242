/** Two institutions, each with a `mesh-node` and an application behind it, and one more in Python where that is. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { registered, startNode, weave } from './nodes.js';
import { BANK, BUREAU } from './parties.js';
import { byEndOfInput, exitCode, printed, Processes } from './processes.js';
import { findPython } from './python.js';

const compiled = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const source = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** A port that nobody has: the Python SDK takes none by itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

const processes = new Processes();
const codes: number[] = [];
try {
  const [python, bank, bureau] = await Promise.all([
    findPython(),
    startNode(processes, 'bank', BANK),
    startNode(processes, 'bureau', BUREAU),
  ]);
  await weave(bank, bureau);

  processes.fork(compiled('bureau.js'), [], { MESH_ADDRESS: bureau.inner });
  if (python !== undefined) {
    const runtime = `127.0.0.1:${await freePort()}`;
    const env = { MESH_ADDRESS: bureau.inner, MESH_RUNTIME: runtime, MESH_NAME: 'fraud', MESH_REGISTER: '1' };
    await printed(processes.spawn(python, [source('fraud.py')], byEndOfInput, env), /^ready$/m);
    await registered(bureau, 'bureau.fraud.unusual');
  } else {
    console.log('python   is not here, or has no imesh 0.0.29: the applications in Python are left out');
  }
  await registered(bureau, 'bureau.credit.score');
  console.log('node     what the bureau provides is registered at its node');

  const asked = python === undefined ? [] : ['python'];
  codes.push(await exitCode(processes.fork(compiled('bank.js'), asked, { MESH_ADDRESS: bank.inner })));
  if (python !== undefined) {
    const env = { MESH_ADDRESS: bank.inner, MESH_NAME: 'teller' };
    const teller = processes.spawn(python, [source('teller.py')], byEndOfInput, env);
    teller.stdout?.pipe(process.stdout);
    codes.push(await exitCode(teller));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  codes.push(1);
} finally {
  codes.push(await processes.stop());
}
process.exitCode = Math.max(...codes);
