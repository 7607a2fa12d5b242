import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Acknowledgements } from '../../../../lib/session/conversation/acknowledgements.js';
import { Unacknowledged } from '../../../../lib/session/conversation/unacknowledged.js';

describe('acknowledgements', () => {
  it('say how far everything was taken, in whatever order that happened', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 40 }),
        fc.infiniteStream(fc.nat()),
        (gaps, picks) => {
          const acknowledgements = new Acknowledgements();
          let last = 0;
          const open = gaps.map((gap) => acknowledgements.arrived((last += gap)));
          const numbers = open.map(({ delivery }) => delivery);
          const taken = new Set<number>();
          while (open.length > 0) {
            const [one] = open.splice((picks.next().value as number) % open.length, 1);
            acknowledgements.take(one!);
            taken.add(one!.delivery);
            const missing = numbers.findIndex((number) => !taken.has(number));
            const upTo = missing === -1 ? numbers.length : missing;
            expect(acknowledgements.upTo).toBe(numbers[upTo - 1] ?? 0);
            expect(acknowledgements.size).toBe(numbers.length - upTo);
          }
        },
      ),
    );
  });
});

type Step = { readonly hand: number } | { readonly acknowledge: number } | 'take back last';

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ hand: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ acknowledge: fc.nat(60) }),
  fc.constant('take back last' as const),
);

describe('what is not acknowledged', () => {
  it('is settled once: as delivered up to the number said, as lost in its order at the end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const unacknowledged = new Unacknowledged();
        const settled = new Map<number, boolean>();
        const lost: number[] = [];
        let handed = 0;
        let acknowledged = 0;
        const hand = (): void => {
          const number: number = unacknowledged.add((delivered) => {
            expect(settled.has(number)).toBe(false);
            settled.set(number, delivered);
            if (!delivered) lost.push(number);
          });
          expect(number).toBe(++handed);
        };
        for (const one of steps) {
          if (one === 'take back last') unacknowledged.takeBackLast();
          else if ('hand' in one) for (let i = 0; i < one.hand; i++) hand();
          else {
            unacknowledged.acknowledge(one.acknowledge);
            acknowledged = Math.max(acknowledged, Math.min(one.acknowledge, handed));
          }
          expect(unacknowledged.size).toBe(handed - settled.size);
        }
        const before = lost.length;
        unacknowledged.giveBack();
        expect(settled.size).toBe(handed);
        for (const [number, delivered] of settled) expect(delivered && number > acknowledged).toBe(false);
        const back = lost.slice(before);
        expect(back).toEqual(back.toSorted((a, b) => a - b));
      }),
    );
  });
});
