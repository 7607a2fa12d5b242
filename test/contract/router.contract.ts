import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instance } from '../../lib/registry/registry.js';
import type { Router } from '../../lib/routing/router.js';

/** What every router keeps. */
export function routerContract(name: string, make: () => Router): void {
  describe(`router contract: ${name}`, () => {
    const subset = fc.constantFrom('', '*', 'blue', 'gray');
    const instance = fc.record({
      address: fc.integer({ min: 1, max: 65_535 }).map((port) => `h:${port}`),
      nodeId: fc.constantFrom('', 'LX1'),
      instId: fc.constantFrom('', 'JG1'),
      subset,
    });
    const target = fc.record({ nodeId: fc.constantFrom('', 'LX1'), subset }, { requiredKeys: [] });
    const instances = fc.array(instance, { maxLength: 8 }).map((them) => Object.freeze(them));

    it('only narrows, keeps the order, and changes nothing', () => {
      const router = make();
      fc.assert(
        fc.property(instances, target, (given, target) => {
          const before = structuredClone(given);
          const kept = router.route(given, { service: 'a.b', target, self: undefined });
          expect(given).toEqual(before);
          expect(given.filter((one) => kept.includes(one))).toEqual(kept);
        }),
      );
    });

    it('returns the same array when it has nothing to say', () => {
      const router = make();
      fc.assert(
        fc.property(instances, target, (given, target) => {
          const kept = router.route(given, { service: 'a.b', target, self: undefined });
          if (kept.length === given.length) expect(kept).toBe(given);
        }),
      );
    });

    it('says the same of the same instances', () => {
      const router = make();
      fc.assert(
        fc.property(instances, target, (given, target) => {
          const query = { service: 'a.b', target, self: undefined };
          expect(router.route(given, query)).toEqual(router.route(given, { ...query, target: { ...target } }));
        }),
      );
    });

    it('leaves nothing of nothing', () => {
      const nobody: readonly Instance[] = Object.freeze([]);
      expect(make().route(nobody, { service: 'a.b', target: { subset: 'gray' }, self: undefined })).toBe(nobody);
    });
  });
}
