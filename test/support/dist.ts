import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Tests of what is published need the build, and they do not make it themselves: `npm test` builds first.
 *
 * @throws when there is no build, or one older than the sources
 */
export function requireBuild(): void {
  const built = statSync(join(root, 'dist/index.js'), { throwIfNoEntry: false });
  if (built === undefined) throw new Error('there is no dist/: run `npm run build` first');
  const newer = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' }).find(
    (path) => path.endsWith('.ts') && statSync(join(root, 'lib', path)).mtimeMs > built.mtimeMs,
  );
  if (newer !== undefined) throw new Error(`dist/ is older than lib/${newer}: run \`npm run build\` first`);
}
