import { describe, expect, it } from 'vitest';
import { type Layer, mergeLayers, type Values } from '../../../lib/cli/layers.js';
import { formatPath } from '../../../lib/options/files/option-path.js';

const layer = (name: string, values: Values): Layer => ({ values, locate: (path) => `${name} ${formatPath(path)}` });

describe('layers of a configuration', () => {
  const merged = mergeLayers([
    layer('file', { listen: { port: 1, host: 'h' }, partners: [{ nodeId: 'a' }, { nodeId: 'b' }], registry: false }),
    layer('flag', { listen: { port: 2 }, partners: [{ nodeId: 'c' }], registry: {} }),
  ]);

  it('join objects, and replace lists and all else', () => {
    expect(merged.values).toEqual({ listen: { port: 2, host: 'h' }, partners: [{ nodeId: 'c' }], registry: {} });
  });

  it('know who said what', () => {
    expect(merged.whereIs('listen.port')).toBe('flag listen.port');
    expect(merged.whereIs('listen.host')).toBe('file listen.host');
    expect(merged.whereIs('partners[0].nodeId')).toBe('flag partners[0].nodeId');
    expect(merged.whereIs('registry')).toBe('flag registry');
  });

  it('point at what stands around an option that nobody has said', () => {
    expect(merged.whereIs('partners[0].address')).toBe('flag partners[0].address');
    expect(merged.whoSaid('partners[0].address')).toBeUndefined();
    expect(merged.whereIs('sessions')).toBeUndefined();
  });

  it('speak of the first of several listeners', () => {
    const { values, whoSaid } = mergeLayers([
      layer('file', { listen: [{ port: 1 }, { port: 2 }] }),
      layer('flag', { listen: { port: 3 } }),
    ]);

    expect(values).toEqual({ listen: [{ port: 3 }, { port: 2 }] });
    expect([whoSaid('listen[0].port'), whoSaid('listen[1].port')]).toEqual([
      'flag listen[0].port',
      'file listen[1].port',
    ]);
  });

  it('keep a key __proto__ as any other', () => {
    const { values } = mergeLayers([layer('file', JSON.parse('{"__proto__":{"port":1},"sessions":{"__proto__":{}}}'))]);

    expect(Object.keys(values)).toEqual(['__proto__', 'sessions']);
    expect('port' in {}).toBe(false);
    expect(Object.getPrototypeOf(values)).toBe(Object.prototype);
  });
});
