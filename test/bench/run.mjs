// Compiles the bench, then runs it against the package as it was built: `npm run bench -- --help` tells the options.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const project = fileURLToPath(new URL('tsconfig.json', import.meta.url));
execFileSync(process.execPath, [tsc, '-p', project], { stdio: 'inherit' });

const { main } = await import('./dist/main.js');
await main(process.argv.slice(2));
