import { describe, expect, it } from 'vitest';
import type { MeshOptions } from '../../../lib/options/mesh-options.js';
import { resolveMeshOptions } from '../../../lib/options/resolve-options.js';

const read = (options: MeshOptions, env: NodeJS.ProcessEnv = {}) => resolveMeshOptions(options, env);

describe('the option builtins', () => {
  it('switches all of them off', () => {
    const { debug, ...others } = read({ builtins: false }).builtins;
    expect(debug).toBe('nobody');
    expect(Object.values(others)).toEqual([false, false, false, false, false, false]);
  });

  it('switches one off', () => {
    expect(read({ builtins: { stats: false } }).builtins).toMatchObject({ stats: false, doc: true, debug: 'node' });
  });

  it.each([
    ['on' as never, "builtins must be an object or false, got 'on'"],
    [{ stats: 1 } as never, 'builtins.stats must be true or false, got 1'],
    [{ debug: 'me' } as never, "builtins.debug must be 'nobody' or 'node' or 'anyone', got 'me'"],
    [{ statistics: true } as never, "unknown option 'builtins.statistics'"],
  ])('refuses %o', (builtins, message) => {
    expect(() => read({ builtins })).toThrow(message);
  });
});

describe('the option version', () => {
  it('comes from the variable that bears the name of the application', () => {
    expect(read({ name: 'trust' }, { TRUST_VERSION: '2.1.0' }).version).toBe('2.1.0');
    expect(read({ name: 'trust', version: '3' }, { TRUST_VERSION: '2.1.0' }).version).toBe('3');
    expect(read({}, { MESH_NAME: 'trust', TRUST_VERSION: ' 2 ' }).version).toBe('2');
  });

  it('is one word', () => {
    expect(() => read({ version: 'a b' })).toThrow('version must be at most 64');
  });
});
