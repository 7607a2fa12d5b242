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

async function run(sample) {
  const compiled = await node(tsc, '-p', join(here, sample));
  return compiled === 0 ? node(join(here, sample, 'dist/main.js')) : compiled;
}

if (samples.length === 0) {
  console.error(`no sample's name begins with '${wanted}'`);
  process.exitCode = 1;
}
for (const [index, sample] of samples.entries()) {
  console.log(`\n=== sample ${index + 1} of ${samples.length}: ${sample} ===\n`);
  const start = performance.now();
  process.exitCode = await run(sample);
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  if (process.exitCode !== 0) {
    console.error(`\n${sample} failed with exit code ${process.exitCode} after ${seconds} s`);
    break;
  }
  console.log(`\n${sample}: done in ${seconds} s`);
}
