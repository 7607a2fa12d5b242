import { describe, expect, it } from 'vitest';
import type { Balancer } from '../../lib/balance/balancer.js';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { MeshError } from '../../lib/errors/mesh-error.js';
import type { Instance, ServiceQuery } from '../../lib/registry/registry.js';

/** What every balancer keeps. */
export function balancerContract(name: string, make: () => Balancer): void {
  describe(`balancer contract: ${name}`, () => {
    const query: ServiceQuery = { service: 'mesh.trust.apply', target: {}, self: undefined };
    const several = (count: number): readonly Instance[] =>
      Object.freeze(
        Array.from({ length: count }, (_, at) => ({ address: `h:${at + 1}`, nodeId: '', instId: '', subset: '' })),
      );

    it('picks one of those given', () => {
      const balancer = make();
      for (const count of [1, 2, 7]) {
        const instances = several(count);
        for (let call = 0; call < 50; call++) expect(instances).toContain(balancer.pick(instances, query).instance);
      }
    });

    it('lets every instance have its part', () => {
      const balancer = make();
      const instances = several(4);
      const picked = new Set<Instance>();
      for (let call = 0; call < 400; call++) {
        const pick = balancer.pick(instances, query);
        pick.done?.({ durationMs: 1 });
        picked.add(pick.instance);
      }
      expect(picked.size).toBe(4);
    });

    it('takes an array apart from another of the same length', () => {
      const balancer = make();
      const [a, b] = [several(3), several(3)];
      for (let call = 0; call < 20; call++) {
        expect(a.includes(balancer.pick(a, query).instance)).toBe(true);
        expect(b.includes(balancer.pick(b, query).instance)).toBe(true);
      }
    });

    it('is told of failures without throwing, and goes on', () => {
      const balancer = make();
      const instances = several(2);
      const error = new MeshError(MeshCode.UNREACHABLE);
      for (let call = 0; call < 20; call++) balancer.pick(instances, query).done?.({ durationMs: 1, error });
      expect(instances).toContain(balancer.pick(instances, query).instance);
    });
  });
}
