import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinkedList, ListItem } from '../../../lib/collections/linked-list.js';

class Item extends ListItem {
  constructor(readonly name: number) {
    super();
  }
}

/** The names in a list, first to last, and as they are linked backwards. */
function names(list: LinkedList<Item>): { readonly forwards: number[]; readonly backwards: number[] } {
  const items = [...list];
  const backwards: number[] = [];
  for (let item = items.at(-1); item; item = item.before) backwards.push(item.name);
  return { forwards: items.map(({ name }) => name), backwards };
}

describe('LinkedList', () => {
  it('is gone through while what is at hand is taken out', () => {
    const list = new LinkedList<Item>();
    for (const name of [1, 2, 3]) list.append(new Item(name));
    const met: number[] = [];
    for (const item of list) {
      met.push(item.name);
      list.remove(item);
    }
    expect(met).toEqual([1, 2, 3]);
    expect(list.size).toBe(0);
  });

  it('does what an array does, whatever is appended, removed and shifted', () => {
    const step = fc.oneof(fc.constant('append'), fc.constant('shift'), fc.nat(30));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const list = new LinkedList<Item>();
        let model: Item[] = [];
        const all: Item[] = [];
        for (const step of steps) {
          if (step === 'append') {
            const item = new Item(all.length);
            all.push(item);
            model.push(item);
            list.append(item);
          } else if (step === 'shift') {
            expect(list.shift()).toBe(model.shift());
          } else {
            const item = all[Number(step)];
            if (item) list.remove(item);
            model = model.filter((other) => other !== item);
          }
          const expected = model.map(({ name }) => name);
          expect(names(list)).toEqual({ forwards: expected, backwards: expected.toReversed() });
          expect(list.size).toBe(model.length);
          expect(list.first).toBe(model[0]);
          for (const item of all) expect(list.has(item)).toBe(model.includes(item));
        }
      }),
    );
  });

  it('leaves alone what stands in another list, and lets an item change lists', () => {
    const [one, other] = [new LinkedList<Item>(), new LinkedList<Item>()];
    const item = new Item(1);
    one.append(item);
    other.remove(item);
    expect(one.size).toBe(1);
    one.remove(item);
    other.append(item);
    expect([one.has(item), other.has(item)]).toEqual([false, true]);
  });
});
