import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
const lib = (file: string): string => fileURLToPath(new URL(`../lib/${file}`, import.meta.url));

/**
 * One project for each kind of test, named after its folder, so that `vitest --project interop` runs just that kind. Two files run at
 * a time, whatever their kind: those that look at memory or change the process have one of their own, ports are free ones, and
 * `dist` is only read.
 * `unit` is what `npm run check` runs: no process, no build, no network beyond loopback.
 */
interface Kind {
  readonly name: string;
  readonly folders: readonly string[];
  readonly testTimeoutMs: number;
  /**
   * Whether each file has a process of its own. To start one and to load Nest, gRPC and the library into it takes longer than most
   * files do, so files share one where they can; test/support/setup.ts fails a file that leaves something behind there.
   */
  readonly process: 'own' | 'shared';
}

const kinds: readonly Kind[] = [
  { name: 'unit', folders: ['unit', 'contract'], testTimeoutMs: 10_000, process: 'shared' },
  { name: 'structure', folders: ['structure'], testTimeoutMs: 60_000, process: 'shared' },
  { name: 'types', folders: ['types'], testTimeoutMs: 60_000, process: 'own' },
  { name: 'integration', folders: ['integration'], testTimeoutMs: 15_000, process: 'shared' },
  { name: 'e2e', folders: ['e2e'], testTimeoutMs: 15_000, process: 'shared' },
  { name: 'fault', folders: ['fault'], testTimeoutMs: 20_000, process: 'shared' },
  { name: 'leak', folders: ['leak'], testTimeoutMs: 120_000, process: 'own' },
  { name: 'interop', folders: ['interop'], testTimeoutMs: 30_000, process: 'own' },
  { name: 'docs', folders: ['docs'], testTimeoutMs: 120_000, process: 'own' },
  { name: 'sample', folders: ['sample'], testTimeoutMs: 60_000, process: 'own' },
  { name: 'package', folders: ['package'], testTimeoutMs: 180_000, process: 'own' },
];

export default defineConfig({
  test: {
    maxWorkers: 2,
    passWithNoTests: false,
    projects: kinds.map(({ name, folders, testTimeoutMs, process }) => ({
      root,
      // Longest key first: an alias also matches as a prefix.
      resolve: {
        alias: [
          { find: /^nestjs-mesh\/spi$/, replacement: lib('spi.ts') },
          { find: /^nestjs-mesh\/testing$/, replacement: lib('testing/index.ts') },
          { find: /^nestjs-mesh$/, replacement: lib('index.ts') },
        ],
      },
      test: {
        name,
        include: folders.map((folder) => `test/${folder}/**/*.spec.ts`),
        environment: 'node',
        globals: false,
        setupFiles: ['test/support/setup.ts'],
        testTimeout: testTimeoutMs,
        hookTimeout: Math.max(testTimeoutMs, 10_000),
        teardownTimeout: 10_000,
        // Tests of one file that ask to run concurrently: as many as a small machine has cores.
        maxConcurrency: 2,
        isolate: process === 'own',
        // A leak test asks for a collection itself.
        ...(name === 'leak' && { execArgv: ['--expose-gc'] }),
      },
    })),
  },
});
