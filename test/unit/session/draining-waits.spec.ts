import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { DrainingWaits } from '../../../lib/session/draining-waits.js';
import {
  failureAnswer,
  successAnswer,
  type SessionOutcome,
  type SessionWait,
} from '../../../lib/session/session-service.js';
import { gone, messageOf, within } from '../../support/session-fixtures.js';

const settle = (): void => undefined;

/** A pop that waits until it is cancelled. */
const forEver = ({ cancellation }: SessionWait): Promise<SessionOutcome> =>
  new Promise((resolve) => cancellation.onCancel((reason) => resolve({ answer: failureAnswer(reason), settle })));

describe('pops under way when a node closes', () => {
  it('end without a message', async () => {
    const waits = new DrainingWaits();
    const pops = [waits.serve(within(60_000), forEver), waits.serve(within(60_000), forEver)];
    waits.end();
    for (const { answer } of await Promise.all(pops)) expect(answer).toEqual(successAnswer(undefined));
  });

  it('end with the message that came just before', async () => {
    const waits = new DrainingWaits();
    const outcome = { answer: successAnswer(messageOf('in time')), settle };
    const pop = waits.serve(within(60_000), async ({ cancellation }) => {
      await new Promise<void>((resolve) => cancellation.onCancel(() => resolve()));
      return outcome;
    });
    waits.end();
    expect(await pop).toBe(outcome);
  });

  it('end as their caller wishes, when that was first', async () => {
    const waits = new DrainingWaits();
    const cancellation = new Cancellation();
    const pop = waits.serve(within(60_000, cancellation), forEver);
    cancellation.cancel(gone());
    waits.end();
    expect((await pop).answer.code).toBe(MeshCode.CANCELLED);
  });

  it('do not begin to wait any more', async () => {
    const waits = new DrainingWaits();
    waits.end();
    await waits.serve(within(60_000), async ({ deadline }) => {
      expect(deadline).toBeLessThanOrEqual(Date.now());
      return { answer: successAnswer(undefined), settle };
    });
    expect.assertions(1);
  });
});
