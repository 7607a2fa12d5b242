// Starts the fuzzer in a process that can collect garbage when it is told to: `npm run fuzz -- --help` tells the options.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const fuzzer = fork(fileURLToPath(new URL('process.mjs', import.meta.url)), process.argv.slice(2), {
  execArgv: ['--expose-gc'],
});
fuzzer.on('exit', (code) => (process.exitCode = code ?? 1));
