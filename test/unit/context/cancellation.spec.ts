import { describe, expect, it, vi } from 'vitest';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';

const GONE = new MeshError(MeshCode.CANCELLED, 'the caller went away');
const LATE = new MeshError(MeshCode.TIMEOUT, 'the deadline passed');

describe('Cancellation', () => {
  it('has no reason until it is cancelled', () => {
    const cancellation = new Cancellation();
    expect(cancellation.reason).toBeUndefined();
    expect(cancellation.signal.aborted).toBe(false);
  });

  it('keeps the first reason only', () => {
    const cancellation = new Cancellation();
    const { signal } = cancellation;
    cancellation.cancel(GONE);
    cancellation.cancel(LATE);
    expect(cancellation.reason).toBe(GONE);
    expect(signal.reason).toBe(GONE);
  });

  it('aborts a signal asked for before or after, always the same', () => {
    const before = new Cancellation();
    const { signal } = before;
    const aborted = vi.fn();
    signal.addEventListener('abort', aborted);
    before.cancel(GONE);
    expect(aborted).toHaveBeenCalledOnce();
    expect(before.signal).toBe(signal);

    const after = new Cancellation();
    after.cancel(LATE);
    expect(after.signal.aborted).toBe(true);
    expect(after.signal.reason).toBe(LATE);
  });

  it('tells each listener once, with the reason', () => {
    const cancellation = new Cancellation();
    const [first, second] = [vi.fn(), vi.fn()];
    cancellation.onCancel(first);
    cancellation.onCancel(second);
    cancellation.cancel(GONE);
    cancellation.cancel(LATE);
    expect(first.mock.calls).toEqual([[GONE]]);
    expect(second.mock.calls).toEqual([[GONE]]);
  });

  it('tells a late listener at once', () => {
    const cancellation = new Cancellation();
    cancellation.cancel(GONE);
    const late = vi.fn();
    const forget = cancellation.onCancel(late);
    expect(late.mock.calls).toEqual([[GONE]]);
    expect(forget).not.toThrow();
  });

  it('forgets a listener, even one that another listener forgets', () => {
    const cancellation = new Cancellation();
    const [forgotten, dropped] = [vi.fn(), vi.fn()];
    cancellation.onCancel(forgotten)();
    let forget: () => void = () => undefined;
    cancellation.onCancel(() => forget());
    forget = cancellation.onCancel(dropped);
    cancellation.cancel(GONE);
    expect(forgotten).not.toHaveBeenCalled();
    expect(dropped).not.toHaveBeenCalled();
  });

  it('knows its reason already when the listeners hear of it', () => {
    const cancellation = new Cancellation();
    const seen = vi.fn(() => cancellation.reason);
    cancellation.onCancel(seen);
    cancellation.cancel(GONE);
    expect(seen).toHaveReturnedWith(GONE);
  });
});
