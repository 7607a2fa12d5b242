import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { resolveMeshOptions } from '../../../lib/options/resolve-options.js';
import type { SessionRequest } from '../../../lib/protocol/session-call.js';
import { MemorySessionStore } from '../../../lib/session/memory/memory-session-store.js';
import { lastMoment } from '../../../lib/session/last-moment.js';
import { type SessionOutcome, SessionService } from '../../../lib/session/session-service.js';
import { sessionRequest } from '../../support/dialect-fixtures.js';
import { gone } from '../../support/session-fixtures.js';

describe('the last moment to hand out a message', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function start(): (request: Partial<SessionRequest>, ms?: number, stop?: Cancellation) => Promise<SessionOutcome> {
    const options = resolveMeshOptions({}, {});
    const service = new SessionService(new MemorySessionStore(options), options);
    return (request, ms = Infinity, cancellation = new Cancellation()) =>
      service.serve(sessionRequest(request), { deadline: Date.now() + ms, cancellation });
  }

  const pushed = { operation: 'push', payload: Buffer.from('x') } as const;

  it('is a tenth of the time before the caller gives up, at most 250 ms, and never without a deadline', () => {
    expect(lastMoment(Date.now() + 1_000)).toBe(Date.now() + 900);
    expect(lastMoment(Date.now() + 60_000)).toBe(Date.now() + 59_750);
    expect(lastMoment(Infinity)).toBe(Infinity);
  });

  it('comes before a deadline that is the timeout of the pop: what arrives then is for the next', async () => {
    const call = start();
    let answered = false;
    const popped = call({ timeoutMs: 1_000 }, 1_000).finally(() => (answered = true));
    await vi.advanceTimersByTimeAsync(950);
    await call(pushed);
    await vi.advanceTimersByTimeAsync(40);
    expect(answered).toBe(false);
    await vi.advanceTimersByTimeAsync(20);
    expect((await popped).answer).toMatchObject({ code: MeshCode.SUCCESS, payload: undefined });
    expect((await call({ timeoutMs: 1_000 }, 1_000)).answer.payload).toEqual(pushed.payload);
  });

  it.each([
    ['later', 2_000],
    ['never', Infinity],
  ])('does not shorten a pop whose caller gives up %s', async (_, ms) => {
    const call = start();
    const popped = call({ timeoutMs: 1_000 }, ms);
    await vi.advanceTimersByTimeAsync(990);
    await call(pushed);
    expect((await popped).answer.payload).toEqual(pushed.payload);
  });

  it('is no wait for a pop that is cancelled', async () => {
    const call = start();
    const cancellation = new Cancellation();
    const popped = call({ timeoutMs: 1_000 }, 1_000, cancellation);
    await vi.advanceTimersByTimeAsync(950);
    const timers = vi.getTimerCount();
    cancellation.cancel(gone());
    expect((await popped).answer.code).toBe(MeshCode.CANCELLED);
    expect(vi.getTimerCount()).toBe(timers - 1);
  });
});
