import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { giveUpWith } from '../../../lib/context/give-up.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';

const later = (): number => Date.now() + 60_000;

describe('a call', () => {
  it('is given up at its deadline', async () => {
    const cancellation = new Cancellation();
    giveUpWith(cancellation, { what: 'the push', deadline: Date.now() + 10 });
    const reason = await new Promise<MeshError>((resolve) => cancellation.onCancel(resolve));
    expect(reason).toMatchObject({ code: MeshCode.TIMEOUT, message: 'the push was not answered in time' });
  });

  it('is given up when its signal is aborted, or was', () => {
    for (const when of ['before', 'after']) {
      const caller = new AbortController();
      const cancellation = new Cancellation();
      if (when === 'before') caller.abort('no longer');
      const release = giveUpWith(cancellation, { what: 'the pop', deadline: later(), signal: caller.signal });
      caller.abort('no longer');
      release();
      expect(cancellation.reason).toMatchObject({
        code: MeshCode.CANCELLED,
        message: 'the pop was cancelled by its caller',
        cause: 'no longer',
      });
    }
  });

  it('is given up for the reason of its signal, or of the call above, as it is', () => {
    const reason = new MeshError(MeshCode.FORBIDDEN);
    const bySignal = new Cancellation();
    giveUpWith(bySignal, { what: 'it', deadline: later(), signal: AbortSignal.abort(reason) })();
    expect(bySignal.reason).toBe(reason);
    const above = new Cancellation();
    const fromAbove = new Cancellation();
    const release = giveUpWith(fromAbove, { what: 'it', deadline: later(), above });
    above.cancel(reason);
    release();
    expect(fromAbove.reason).toBe(reason);
  });

  it('is not given up any more once it has ended', async () => {
    const caller = new AbortController();
    const above = new Cancellation();
    const cancellation = new Cancellation();
    giveUpWith(cancellation, { what: 'it', deadline: Date.now() + 5, signal: caller.signal, above })();
    caller.abort();
    above.cancel(new MeshError(MeshCode.CANCELLED));
    await new Promise((resolve) => setTimeout(resolve, 15));
    expect(cancellation.reason).toBeUndefined();
  });
});
