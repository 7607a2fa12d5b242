import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import type { DirectRule } from '../../../lib/options/mesh-options.js';
import { parseDirect } from '../../../lib/options/parse-direct.js';
import { Problems } from '../../../lib/options/problems.js';

function parse(text: string): readonly DirectRule[] {
  const problems = new Problems();
  const rules = parseDirect(text, 'MESH_DIRECT', problems);
  problems.throwIfAny();
  return rules;
}

describe('parseDirect', () => {
  it('reads rules in their order', () => {
    expect(parse(' mesh.trust@LX1 = a:1 ,, mesh.=b , =[::1]:9 ,')).toEqual([
      { kind: 'exact', service: 'mesh.trust', nodeId: 'LX1', address: 'a:1' },
      { kind: 'prefix', prefix: 'mesh.', address: 'b:570' },
      { kind: 'prefix', prefix: '', address: '[::1]:9' },
    ]);
  });

  it('reads nothing from nothing', () => {
    expect(parse('')).toEqual([]);
    expect(parse(' , ,')).toEqual([]);
  });

  it.each([
    ['mesh.trust', 'each entry of MESH_DIRECT must be prefix=host:port or name@node=host:port'],
    ['a=b=c', 'each entry of MESH_DIRECT must be prefix=host:port or name@node=host:port'],
    ['a@b@c=d', 'each entry of MESH_DIRECT must be prefix=host:port or name@node=host:port'],
    ['a@=b', 'each entry of MESH_DIRECT must be name@node=host:port with both name and node'],
    ['@a=b', 'each entry of MESH_DIRECT must be name@node=host:port with both name and node'],
    ['a=', "the address of 'a=' in MESH_DIRECT must be host:port"],
    ['a@b=c:x', "the address of 'a@b=c:x' in MESH_DIRECT must be host:port"],
  ])('refuses %s', (text, sentence) => {
    expect(() => parse(text)).toThrow(sentence);
  });

  it('reads back whatever can be written', () => {
    const word = fc.stringMatching(/^[A-Za-z\d._-]{1,12}$/);
    const address = fc.tuple(fc.domain(), fc.integer({ min: 1, max: 65_535 })).map(([host, port]) => `${host}:${port}`);
    const rule: fc.Arbitrary<DirectRule> = fc.oneof(
      fc.record({ kind: fc.constant('prefix' as const), prefix: word, address }),
      fc.record({ kind: fc.constant('exact' as const), service: word, nodeId: word, address }),
    );
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 8 }), (rules) => {
        const text = rules.map((it) =>
          it.kind === 'prefix' ? `${it.prefix}=${it.address}` : `${it.service}@${it.nodeId}=${it.address}`,
        );
        expect(parse(text.join(','))).toEqual(rules);
      }),
    );
  });

  it('refuses with a MeshError or reads, and never anything else', () => {
    const likely = fc.stringMatching(/^[a-c@=,:\d .]{0,24}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), likely), (text) => {
        try {
          for (const rule of parse(text)) expect(rule.address).toMatch(/:\d+$/);
        } catch (error) {
          expect(error).toBeInstanceOf(MeshError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
