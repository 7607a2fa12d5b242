/**
 * Compiles the samples and runs them in order: `npm start`, or `node sample/run.mjs 01` for those whose names begin so.
 * Ends with the exit code of the first that fails.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const wanted = process.argv[2] ?? '';
const samples = readdirSync(here)
  .filter((name) => /^\d/.test(name) && name.startsWith(wanted))
  .toSorted();

function node(...args) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

if (samples.length === 0) {
  console.error(`no sample's name begins with '${wanted}'`);
  process.exit(1);
}
// In one process, which reads what they import once; anew each time, since the package may be another.
const compiled = await node(tsc, '-b', '--force', ...samples.map((sample) => join(here, sample)));
if (compiled !== 0) process.exit(compiled);
for (const [index, sample] of samples.entries()) {
  console.log(`\n=== sample ${index + 1} of ${samples.length}: ${sample} ===\n`);
  const start = performance.now();
  process.exitCode = await node(join(here, sample, 'dist/main.js'));
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  if (process.exitCode !== 0) {
    console.error(`\n${sample} failed with exit code ${process.exitCode} after ${seconds} s`);
    break;
  }
  console.log(`\n${sample}: done in ${seconds} s`);
}
