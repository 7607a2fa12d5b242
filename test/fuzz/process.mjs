// Runs the fuzzer on the sources as they are. `run.mjs` starts it, so that what is used can be looked at after collections.
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

// Who has started it is gone.
process.on('disconnect', () => process.exit(1));

const root = fileURLToPath(new URL('../..', import.meta.url));
const server = await createServer({
  root,
  configFile: false,
  logLevel: 'error',
  appType: 'custom',
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
});
try {
  const { main } = await server.ssrLoadModule('/test/fuzz/main.ts');
  process.exitCode = await main(process.argv.slice(2));
} finally {
  await server.close();
}
// What a finding leaves open must not keep the process.
process.exit();
