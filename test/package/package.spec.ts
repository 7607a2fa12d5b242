import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isBuiltin } from 'node:module';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireBuild, root } from '../support/dist.js';
import { compilers, Installation, manifest, requiredPeers } from './installation.js';

const installation = new Installation();
let paths: readonly string[];

beforeAll(async () => {
  requireBuild();
  paths = await installation.pack();
  await installation.install();
}, 180_000);

afterAll(() => installation.remove());

/** Packages that the files of the tarball with this ending import, each with one of the files. */
function imports(ending: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const path of paths.filter((candidate) => candidate.endsWith(ending))) {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(root, path), 'utf8'), true, true);
    for (const { fileName } of importedFiles) {
      if (!fileName.startsWith('.') && !isBuiltin(fileName)) found.set(packageOf(fileName), path);
    }
  }
  return found;
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

describe('what is published', () => {
  it('is the build, the licence and what describes them', () => {
    const others = paths.filter((path) => !/^dist\/.+\.(js|js\.map|d\.ts)$/.test(path));

    expect(others.toSorted()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
  });

  it('has three entry points, without wildcards', () => {
    expect(Object.keys(manifest.exports)).toEqual(['.', './spi', './testing', './package.json']);
    const files = Object.values(manifest.exports).flatMap((entry) =>
      Object.values(typeof entry === 'string' ? [entry] : entry),
    );
    expect(paths).toEqual(expect.arrayContaining(files.map((file) => file.replace('./', ''))));
  });

  it('imports only packages that it declares', () => {
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    const found = [...imports('.js'), ...imports('.d.ts')];

    expect(found.length).toBeGreaterThan(0);
    expect(found.filter(([name]) => !declared.includes(name))).toEqual([]);
  });

  it('declares only packages that it imports', () => {
    const imported = [...imports('.js').keys()];
    // Nest cannot be used without it.
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });

    expect(declared.filter((name) => !imported.includes(name) && name !== 'reflect-metadata')).toEqual([]);
  });

  it('mentions no optional package in its types', () => {
    const there = [...Object.keys(manifest.dependencies ?? {}), ...requiredPeers];
    const found = [...imports('.d.ts')];

    expect(found.length).toBeGreaterThan(0);
    expect(found.filter(([name]) => !there.includes(name))).toEqual([]);
  });

  it('is found sound by publint', async () => {
    const { messages } = await publint({ pack: { tarball: installation.tarball.buffer }, strict: true });

    expect(messages.map((message) => formatMessage(message, { ...manifest }, { color: false }))).toEqual([]);
  });

  it('has types that are found whichever way modules are resolved', async () => {
    const result = await checkPackage(createPackageFromTarballData(installation.tarball));
    if (result.types === false) throw new Error('the package has no types');
    // An ES module only: CommonJS gets it by require(esm), which the compiler's node16 mode does not know yet, and entry
    // points beside the main one cannot be found by the resolution of Node 10.
    const problems = result.problems.filter(
      (problem) =>
        problem.kind !== 'CJSResolvesToESM' && !('resolutionKind' in problem && problem.resolutionKind === 'node10'),
    );

    expect(Object.keys(result.entrypoints)).toEqual(expect.arrayContaining(['.', './spi', './testing']));
    expect(problems).toEqual([]);
  });
});

describe('an application outside the repository, without optional packages', () => {
  const entryPoints = [manifest.name, `${manifest.name}/spi`, `${manifest.name}/testing`];

  it.each(entryPoints)('imports %s', async (name) => {
    const code = `import * as entry from '${name}'; console.log(Object.keys(entry).length > 0)`;

    expect(await installation.node('--input-type=module', '-e', code)).toBe('true\n');
  });

  it.each(entryPoints)('requires %s', async (name) => {
    const code = `console.log(Object.keys(require('${name}')).length > 0)`;

    expect(await installation.node('--input-type=commonjs', '-e', code)).toBe('true\n');
  });

  it.each([
    ['an ES module', 'node16', 'main16.mts', 'main16.mjs'],
    ['an ES module', 'nodenext', 'main.mts', 'main.mjs'],
    ['CommonJS', 'nodenext', 'main.cts', 'main.cjs'],
  ] as const)(
    'compiles as %s with the resolution of %s, calls and is called',
    async (_, resolution, source, compiled) => {
      expect(installation.compile(source, compilers[resolution])).toEqual([]);
      expect(JSON.parse(await installation.node(compiled))).toEqual({ sum: 42, picks: 1, testing: true });
    },
  );

  it('compiles with the resolution of bundlers', () => {
    expect(installation.compile('main.ts', compilers.bundler)).toEqual([]);
  });

  it('runs mesh-node', async () => {
    expect(await installation.command('mesh-node', '--version')).toEqual({
      exitCode: 0,
      output: `${manifest.version}\n`,
    });
    expect(await installation.command('mesh-node', '--check')).toMatchObject({ exitCode: 0 });
  });

  it('runs mesh-node, which names the package that it needs for YAML', async () => {
    writeFileSync(join(installation.app, 'node.yaml'), 'name: orders\n');
    const { exitCode, output } = await installation.command('mesh-node', '--config', 'node.yaml');

    expect(output).toContain("node.yaml: a file in YAML needs the package 'yaml': install it");
    expect(exitCode).toBe(2);
  });

  it('is refused by the compiler when it is wrong', () => {
    expect(installation.compile('wrong.mts', { ...compilers.nodenext, experimentalDecorators: false })).not.toEqual([]);
  });
});
