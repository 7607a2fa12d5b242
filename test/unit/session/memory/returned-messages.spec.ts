import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QueuedMessage } from '../../../../lib/session/memory/queued-message.js';
import { ReturnedMessages } from '../../../../lib/session/memory/returned-messages.js';
import { messageOf } from '../../../support/session-fixtures.js';

describe('ReturnedMessages', () => {
  it('gives the one of the least place, whatever comes and goes', () => {
    const place = fc.integer({ min: 0, max: 1_000 });
    fc.assert(
      fc.property(fc.uniqueArray(place, { maxLength: 60 }), fc.infiniteStream(fc.boolean()), (places, takes) => {
        const returned = new ReturnedMessages();
        const model: number[] = [];
        const take = (): void => {
          model.sort((a, b) => a - b);
          expect(returned.size).toBe(model.length);
          expect(returned.first?.place).toBe(model[0]);
          expect(returned.shift()?.place).toBe(model.shift());
        };
        for (const place of places) {
          returned.push(new QueuedMessage(messageOf(''), 0, place));
          model.push(place);
          if (takes.next().value) take();
        }
        while (model.length > 0) take();
        take();
      }),
    );
  });
});
