import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Cruise {
  readonly summary: { readonly totalCruised: number; readonly violations: readonly Violation[] };
}

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

type Tree = Readonly<Record<string, string>>;

/** Runs the check of `npm run structure` over a small project of its own. */
function check(directory: string, files: Tree): Cruise {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  copyFileSync(join(root, 'tsconfig.json'), join(directory, 'tsconfig.json'));
  return cruise(directory, ['lib', 'sample']);
}

function cruise(directory: string, folders: readonly string[]): Cruise {
  const depcruise = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const config = join(root, '.dependency-cruiser.cjs');
  const args = [depcruise, '--config', config, '--output-type', 'json', ...folders];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: directory,
    encoding: 'utf8',
    // What is beyond the default of 1 MiB is cut off.
    maxBuffer: 64 * 1_024 * 1_024,
  });
  if (stdout === '') throw new Error(`dependency-cruiser printed nothing: ${stderr}`);
  return JSON.parse(stdout) as Cruise;
}

function broken(result: Cruise): readonly string[] {
  return result.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
}

/** Each entry breaks one rule, once. */
const violations: Readonly<Record<string, { readonly from: string; readonly to: string; readonly text: string }>> = {
  'no-cycle': { from: 'lib/errors/a.ts', to: 'lib/errors/b.ts', text: `import './b.js';` },
  'floor-0-imports-only-upper-floors': {
    from: 'lib/kernel/knows-a-family.ts',
    to: 'lib/codec/codec.ts',
    text: `import type { Codec } from '../codec/codec.js';\nexport type C = Codec;`,
  },
  'floor-1-imports-only-upper-floors': {
    from: 'lib/protocol/looks-down.ts',
    to: 'lib/registry/registry.ts',
    text: `export { registry } from '../registry/registry.js';`,
  },
  'floor-2-imports-only-upper-floors': {
    from: 'lib/balance/looks-down.ts',
    to: 'lib/rpc/rpc.ts',
    text: `export const later = () => import('../rpc/rpc.js');`,
  },
  'floor-3-imports-only-upper-floors': {
    from: 'lib/transport/looks-down.ts',
    to: 'lib/nest/nest.ts',
    text: `import '../nest/nest.js';`,
  },
  'floor-4-imports-only-upper-floors': {
    from: 'lib/rpc/looks-down.ts',
    to: 'lib/index.ts',
    text: `import '../index.js';`,
  },
  'floor-5-imports-only-upper-floors': {
    from: 'lib/nest/looks-down.ts',
    to: 'lib/mesh.module.ts',
    text: `import '../mesh.module.js';`,
  },
  'routing-sees-only-contracts-of-its-floor': {
    from: 'lib/routing/knows-a-sibling.ts',
    to: 'lib/registry/helper.ts',
    text: `import '../registry/helper.js';`,
  },
  'node-sees-only-contracts-of-its-floor': {
    from: 'lib/node/knows-a-sibling.ts',
    to: 'lib/rpc/rpc.ts',
    text: `import '../rpc/rpc.js';`,
  },
  'registry-implementations-are-private': {
    from: 'lib/rpc/names-an-implementation.ts',
    to: 'lib/registry/static/static-registry.ts',
    text: `import '../registry/static/static-registry.js';`,
  },
  'every-room-has-a-floor': {
    from: 'lib/attic/box.ts',
    to: 'lib/errors/b.ts',
    text: `import '../errors/b.js';`,
  },
  'nothing-imports-a-room-without-a-floor': {
    from: 'lib/rpc/goes-to-the-attic.ts',
    to: 'lib/attic/box.ts',
    text: `import '../attic/box.js';`,
  },
  'testing-stands-beside': {
    from: 'lib/builtins.ts',
    to: 'lib/testing/index.ts',
    text: `import './testing/index.js';`,
  },
  'lib-stands-alone': {
    from: 'lib/errors/knows-a-test.ts',
    to: 'test/support.ts',
    text: `import '../../test/support.js';`,
  },
  'lib-imports-what-it-declares': {
    from: 'lib/errors/undeclared.ts',
    to: 'node_modules/jose/index.js',
    text: `import 'jose';`,
  },
  'optional-@grpc/grpc-js-is-loaded-on-demand': {
    from: 'lib/protocol/needs-an-optional-peer.ts',
    to: 'node_modules/@grpc/grpc-js/index.js',
    text: `import { status } from '@grpc/grpc-js';\nexport { status };`,
  },
  'imports-resolve': { from: 'lib/errors/typo.ts', to: './nowhere.js', text: `import './nowhere.js';` },
  'samples-import-what-is-published': {
    from: 'sample/01/inside.ts',
    to: 'lib/rpc/rpc.ts',
    text: `import '../../lib/rpc/rpc.js';`,
  },
  'samples-import-by-name': {
    from: 'sample/01/by-path.ts',
    to: 'lib/spi.ts',
    text: `import '../../lib/spi.js';`,
  },
  'samples-stand-alone': { from: 'sample/01/neighbour.ts', to: 'sample/02/main.ts', text: `import '../02/main.js';` },
};

/** What the violations import, and everything that is allowed. */
const sound: Tree = {
  'package.json': JSON.stringify({
    peerDependencies: { '@nestjs/common': '*', '@grpc/grpc-js': '*' },
    peerDependenciesMeta: { '@grpc/grpc-js': { optional: true } },
    dependencies: { 'lossless-json': '*' },
    devDependencies: { jose: '*' },
  }),
  'lib/errors/b.ts': `export const b = 1;`,
  'lib/kernel/kernel.ts': `import '../errors/b.js';`,
  'lib/codec/codec.ts': `export type Codec = string;`,
  'lib/registry/registry.ts': `export const registry = 1;`,
  'lib/registry/helper.ts': `export const helper = 1;`,
  'lib/registry/static/static-registry.ts': `import '../registry.js';\nimport '../helper.js';`,
  'lib/routing/router.ts': `import '../registry/registry.js';`,
  'lib/transport/grpc/grpc.ts': `import type { status } from '@grpc/grpc-js';\nexport const load = (): Promise<{ status: typeof status }> => import('@grpc/grpc-js');`,
  'lib/rpc/rpc.ts': `import '../registry/helper.js';\nimport 'node:fs';\nimport '@nestjs/common';\nimport 'lossless-json';`,
  'lib/nest/nest.ts': `import '../rpc/rpc.js';`,
  'lib/mesh.module.ts': `import './nest/nest.js';\nimport './builtins.js';`,
  'lib/builtins.ts': `import './registry/static/static-registry.js';`,
  'lib/index.ts': `export * from './mesh.module.js';`,
  'lib/spi.ts': `export * from './codec/codec.js';`,
  'lib/testing/index.ts': `import '../registry/static/static-registry.js';\nimport '../mesh.module.js';`,
  'sample/02/main.ts': `import 'nestjs-mesh';\nimport 'nestjs-mesh/spi';\nimport 'nestjs-mesh/testing';\nimport 'jose';`,
  'test/support.ts': `export {};`,
  ...installed('jose'),
  ...installed('@grpc/grpc-js'),
  ...installed('@nestjs/common'),
  ...installed('lossless-json'),
};

function installed(name: string): Tree {
  return {
    [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: '1.0.0', main: 'index.js' }),
    [`node_modules/${name}/index.js`]: `module.exports = {};`,
  };
}

describe('the check of imports', () => {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-structure-'));
  const violated: Record<string, string> = { ...sound, 'lib/errors/b.ts': `import './a.js';` };
  let result: Cruise;

  beforeAll(() => {
    for (const { from, text } of Object.values(violations)) {
      violated[from] = [violated[from], text].filter(Boolean).join('\n');
    }
    result = check(directory, violated);
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  it.each(Object.entries(violations))('fails on %s', (rule, { from, to }) => {
    expect(broken(result)).toContain(`${rule}: ${from} -> ${to}`);
  });

  it('tests every rule that there is', async () => {
    const { default: config } = (await import('../../.dependency-cruiser.cjs' as string)) as {
      default: { forbidden: readonly { name: string }[] };
    };
    // One rule of those that there are for each room is enough, and package.json need not have optional peers.
    const kinds = (names: readonly string[]): readonly string[] => [
      ...new Set(
        names
          .filter((name) => !name.startsWith('optional-'))
          .map((name) => name.replace(/^\w+-(sees-only|implementations)/, 'room-$1')),
      ),
    ];

    expect(kinds(Object.keys(violations)).toSorted()).toEqual(
      kinds(config.forbidden.map(({ name }) => name)).toSorted(),
    );
  });
});

describe('what the check of imports allows', () => {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-structure-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('finds nothing in a sound project', () => {
    const result = check(directory, sound);

    expect(broken(result)).toEqual([]);
    expect(result.summary.totalCruised).toBeGreaterThan(20);
  });
});

describe('this project', () => {
  it('keeps the rules', () => {
    const result = cruise(root, ['lib', 'sample']);

    expect(broken(result)).toEqual([]);
    expect(result.summary.totalCruised).toBeGreaterThan(15);
  });
});
