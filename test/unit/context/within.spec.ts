import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { whenServed, within } from '../../../lib/context/within.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { caught } from '../../support/caught.js';

const never = (): Promise<never> => new Promise(() => undefined);

describe('what is waited for', () => {
  it('comes in time, or fails as it fails', async () => {
    const patience = { what: 'it', deadline: Infinity, cancellation: new Cancellation() };
    expect(await within(patience, async () => 1)).toBe(1);
    const error = new MeshError(MeshCode.FORBIDDEN);
    expect(await caught(within(patience, () => Promise.reject(error)))).toBe(error);
    const thrown = within(patience, () => {
      throw error;
    });
    expect(await caught(thrown)).toBe(error);
  });

  it('is given up at the deadline, and told so', async () => {
    const cancellation = new Cancellation();
    const error = await caught(within({ what: 'it', deadline: Date.now() + 5, cancellation }, never));
    expect(error).toMatchObject({ code: MeshCode.TIMEOUT, message: 'it did not answer in time' });
    expect(cancellation.reason).toBe(error);
  });

  it('is given up when nobody waits any more', async () => {
    const cancellation = new Cancellation();
    const reason = new MeshError(MeshCode.CANCELLED);
    const waiting = caught(within({ what: 'it', deadline: Infinity, cancellation }, never));
    cancellation.cancel(reason);
    expect(await waiting).toBe(reason);
  });

  it('is not begun when nobody waits any more already', async () => {
    const cancellation = new Cancellation();
    cancellation.cancel(new MeshError(MeshCode.CANCELLED, 'gone'));
    let begun = 0;
    const patience = { what: 'it', deadline: Infinity, cancellation };
    expect((await caught(within(patience, async () => ++begun))).message).toBe('gone');
    expect(begun).toBe(0);
  });

  it('is told at once when it is there at once, unless nobody waits any more by then', () => {
    const told: unknown[] = [];
    const ending = { succeeded: (value: unknown) => told.push(value), failed: (error: unknown) => told.push(error) };
    const cancellation = new Cancellation();
    const patience = { what: 'it', deadline: Date.now() + 1_000, cancellation };
    whenServed(patience, () => 1, ending);
    const error = new Error('thrown');
    whenServed(
      patience,
      () => {
        throw error;
      },
      ending,
    );
    const reason = new MeshError(MeshCode.CANCELLED);
    whenServed(patience, () => cancellation.cancel(reason), ending);
    expect(told).toEqual([1, error, reason]);
    expect(cancellation.watched).toBe(false);
  });

  it('is told once, whatever comes later', async () => {
    const told: unknown[] = [];
    const ending = { succeeded: (value: unknown) => told.push(value), failed: (error: unknown) => told.push(error) };
    const cancellation = new Cancellation();
    const served = Promise.resolve('late');
    whenServed({ what: 'it', deadline: Infinity, cancellation }, () => served, ending);
    const reason = new MeshError(MeshCode.CANCELLED);
    cancellation.cancel(reason);
    await served;
    expect(told).toEqual([reason]);
  });
});
