// `npm test`, `npm start` and `npm run bench` run what is built. This builds, unless dist/ is what was last built here of lib/ as it is now.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const settings = ['nest-cli.json', 'tsconfig.json', '.tsconfig.build.json', 'package.json', 'package-lock.json'];
const stamp = join(root, 'node_modules/.cache/nestjs-mesh', createHash('sha256').update(root).digest('hex'));

/** Changes when one of the files does. */
function stateOf(files) {
  const states = files.map((path) => {
    const { mtimeMs, size } = statSync(join(root, path), { throwIfNoEntry: false }) ?? {};
    return `${path} ${mtimeMs} ${size}`;
  });
  return states.join('\n');
}

function stateOfSources() {
  return stateOf([
    ...settings,
    ...readdirSync(join(root, 'lib'), { recursive: true }).map((path) => join('lib', path)),
  ]);
}

function stamped() {
  try {
    return readFileSync(stamp, 'utf8');
  } catch {
    return undefined;
  }
}

const stateOfBuild = () => stateOf(['dist/index.js']);
const sources = stateOfSources();
if (stamped() === `${sources}\n${stateOfBuild()}`) {
  console.log('dist/ is up to date');
} else {
  const { status } = spawnSync('npm run build', { cwd: root, stdio: 'inherit', shell: true });
  if (status !== 0) process.exit(status ?? 1);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, `${sources}\n${stateOfBuild()}`);
}
