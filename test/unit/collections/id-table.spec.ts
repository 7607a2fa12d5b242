import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdTable } from '../../../lib/collections/id-table.js';

interface Thing {
  readonly id: number;
}

/** Numbers as peers may choose them: one after the other, far apart, or so that all of them want one place. */
const strides = fc.constantFrom(1, 2, 3, 64, 65_536);

describe('IdTable', () => {
  it('does what a Map does, whatever comes and goes', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant('add' as const) },
      { weight: 2, arbitrary: fc.nat(200) },
      { weight: 1, arbitrary: fc.constantFrom('oldest' as const, 'clear' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), strides, (steps, stride) => {
        const table = new IdTable<Thing>();
        const model = new Map<number, Thing>();
        let last = 0;
        for (const step of steps) {
          if (step === 'add') {
            const thing = { id: (last += stride) };
            table.add(thing);
            model.set(thing.id, thing);
          } else if (step === 'clear') {
            expect(table.clear()).toEqual([...model.values()]);
            model.clear();
          } else {
            const id = step === 'oldest' ? (model.keys().next().value ?? 0) : step * stride;
            expect(table.get(id)).toBe(model.get(id));
            expect(table.delete(id)).toBe(model.delete(id));
            expect(table.get(id)).toBeUndefined();
          }
          expect(table.size).toBe(model.size);
        }
        expect(table.all()).toEqual([...model.values()]);
        for (const thing of model.values()) expect(table.get(thing.id)).toBe(thing);
      }),
    );
  });

  it('keeps who stays while many others come and go', () => {
    const table = new IdTable<Thing>();
    const stays = { id: 1 };
    table.add(stays);
    for (let id = 2; id < 10_000; id++) {
      table.add({ id });
      expect(table.delete(id)).toBe(true);
    }
    expect(table.all()).toEqual([stays]);
    expect(table.delete(1)).toBe(true);
    expect(table.size).toBe(0);
  });
});
