import { describe, expect, it } from 'vitest';
import { failureAt, failureOfGivingUp, firstLimitOf, type Unsent } from '../../../lib/context/time-limits.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';

const connecting: Unsent = { stage: 'connecting', address: 'there:1' };
const greeting: Unsent = { stage: 'greeting', address: 'there:1' };
const unsentLate = { code: MeshCode.TIMEOUT, neverSent: true };

describe('the limits of a call', () => {
  it.each([
    [{ deadline: 9 }, 9],
    [{ deadline: 9, connectBy: 4 }, 4],
    [{ deadline: 4, connectBy: 9 }, 4],
    [{ deadline: Infinity }, Infinity],
  ])('begin with that which comes first: %o', (limits, first) => expect(firstLimitOf(limits)).toBe(first));

  it('let a call that was sent go on until its deadline', () => {
    const limits = { deadline: 9, connectBy: 4 };
    expect(failureAt(4, limits, 'the call', undefined)).toBeUndefined();
    const late = { code: MeshCode.TIMEOUT, neverSent: false, message: 'the call was not answered in time' };
    expect(failureAt(9, limits, 'the call', undefined)).toMatchObject(late);
    expect(failureAt(9, { deadline: 9 }, 'the call', undefined)).toMatchObject(late);
  });

  it('say of a call without a connection that nobody took it, where there had to be one', () => {
    expect(failureAt(4, { deadline: 9, connectBy: 4 }, 'the call', connecting)).toMatchObject({
      code: MeshCode.ADDRESS_UNREACHABLE,
      neverSent: true,
      message: 'no connection to there:1: it was not taken in time',
    });
    const message = 'the call was not sent in time: still connecting to there:1';
    expect(failureAt(9, { deadline: 9 }, 'the call', connecting)).toMatchObject({ ...unsentLate, message });
  });

  it.each([{ deadline: 9 }, { deadline: 9, connectBy: 4 }])('say of a silent peer that it was late: %o', (limits) => {
    const failure = failureAt(firstLimitOf(limits), limits, 'the call', greeting);
    expect(failure).toMatchObject(unsentLate);
    expect(failure?.message).toBe(
      'the call was not sent in time: there:1 took the connection, and did not say that it takes calls',
    );
  });

  it('count when the caller gives up for want of time, and not when it has another reason', () => {
    const late = new MeshError(MeshCode.TIMEOUT, 'late');
    const cancelled = new MeshError(MeshCode.CANCELLED, 'no longer');
    expect(failureOfGivingUp(late, { deadline: 9 }, 'the call', connecting)).toMatchObject({
      ...unsentLate,
      cause: late,
    });
    expect(failureOfGivingUp(late, { deadline: 9 }, 'the call', undefined)).toBe(late);
    expect(failureOfGivingUp(cancelled, { deadline: 9 }, 'the call', connecting)).toBe(cancelled);
  });
});
