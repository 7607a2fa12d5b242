// Compiles and runs the benches of single rooms, without a wire: `node test/bench/rooms/run.mjs session-store protobuf`. With
// `--hurry` they show that they run, not how fast.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const benches = ['session-store', 'protobuf', 'registrations'];
const named = process.argv.slice(2).filter((name) => name !== '--hurry');
const hurry = process.argv.includes('--hurry') ? ['--hurry'] : [];
const chosen = named.length > 0 ? named : benches;
const unknown = chosen.filter((name) => !benches.includes(name));
if (unknown.length > 0) throw new Error(`no bench named ${unknown.join(', ')}; there are: ${benches.join(', ')}`);

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const project = fileURLToPath(new URL('tsconfig.json', import.meta.url));
execFileSync(process.execPath, [tsc, '-p', project], { stdio: 'inherit' });
for (const name of chosen) {
  // Each in a process of its own: what one leaves in the heap does not burden the next.
  const file = fileURLToPath(new URL(`dist/test/bench/rooms/${name}.js`, import.meta.url));
  execFileSync(process.execPath, ['--expose-gc', file, ...hurry], { stdio: 'inherit' });
}
