import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import type { MeshOptions } from '../../../lib/options/mesh-options.js';
import { resolveMeshOptions } from '../../../lib/options/resolve-options.js';

interface Row {
  readonly option: string;
  readonly fallback: string;
  readonly variable: string;
}

const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
const rows: readonly Row[] = [...page.matchAll(/^\| `([a-z][\w.[\]]*)` +\| (.+?) +\| (.*?) *\|.*\|.*\|$/gim)]
  .map(([, option = '', fallback = '', variable = '']) => ({ option, fallback, variable }))
  .filter(({ option }) => !option.startsWith('MESH_'));

/** The value at a path of names. */
function at(path: string, value: unknown): unknown {
  return path.split('.').reduce((inner, key) => (inner as Record<string, unknown>)[key], value);
}

/** The options that an object may have, from the refusal of one that it may not. */
function knownAt(path: string, options: unknown): string[] {
  try {
    resolveMeshOptions(options as MeshOptions, {});
  } catch (error) {
    const known = error instanceof MeshError ? /; known: ([\w, ]+)/.exec(error.message)?.[1] : undefined;
    return (known ?? '').split(', ').map((key) => path + key);
  }
  return [];
}

describe('docs/configuration.md', () => {
  it('has a row for every option there is, and for no other', () => {
    const sections = ['listen', 'mount', 'limits', 'retry', 'grpc', 'http', 'tcp', 'sessions', 'builtins'];
    const known = [
      ...knownAt('', { none: 1 }),
      ...sections.flatMap((section) => knownAt(`${section}.`, { [section]: { none: 1 } })),
      ...knownAt('node.', { node: { none: 1 } }),
      ...knownAt('node.registry.', { node: { registry: { none: 1 } } }),
      ...knownAt('node.administration.', { node: { administration: { none: 1 } } }),
      ...knownAt('node.routes.', { node: { routes: { none: 1 } } }),
      ...knownAt('registry.', { registry: { address: 'h', none: 1 } }),
      ...knownAt('grpc.tls.', { grpc: { tls: { none: 1 } } }),
      ...knownAt('http.tls.', { http: { tls: { none: 1 } } }),
      ...knownAt('tcp.tls.', { tcp: { tls: { none: 1 } } }),
      ...knownAt('listen.tls.', { listen: { tls: { key: 'k', cert: 'c', none: 1 } } }),
      ...knownAt('services[].', { services: [{ service: 'a', addresses: ['h'], none: 1 }] }),
      ...knownAt('partners[].', { partners: [{ nodeId: 'a', address: 'h', none: 1 }] }),
    ];
    const rowless = [
      'limits',
      'retry',
      'grpc',
      'http',
      'tcp',
      'sessions',
      'node.registry',
      'node.administration',
      'node.routes',
    ];
    expect(rows.map(({ option }) => option).toSorted()).toEqual(
      known.filter((option) => !rowless.includes(option)).toSorted(),
    );
  });

  const literals = rows.filter(
    ({ option, fallback }) => fallback.startsWith('`') && !['listen', 'builtins', 'registry.address'].includes(option),
  );

  it.each(literals)('says the default of $option as it is', ({ option, fallback }) => {
    expect(`\`${String(at(option, resolveMeshOptions({ node: {}, registry: { address: 'h' } }, {})))}\``).toBe(
      fallback,
    );
  });

  it.each(rows.filter(({ variable }) => variable !== ''))('says which variable $option comes from', (row) => {
    const name = row.variable.replaceAll('`', '');
    const values: Record<string, string> = {
      MESH_NAME: 'h4',
      MESH_ROUTES_FILE: 'h.yaml',
      MESH_ADMIN_TOKEN: 'h'.repeat(16),
    };
    const env = { [name]: values[name] ?? 'h:4' };
    const [before, after] = [{}, env].map((one) => at(row.option, resolveMeshOptions({ node: {} }, one)));
    expect(after).not.toEqual(before);
  });
});
