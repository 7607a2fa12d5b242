import { setImmediate as nextTurn } from 'node:timers/promises';
import { Observable, firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { MeshContext, type MeshContextInit } from '../../../lib/context/mesh-context.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';

function context(init: Partial<MeshContextInit> = {}): MeshContext {
  return new MeshContext({
    traceId: '7F0000011',
    spanId: '0',
    urn: 'apply.trust.mesh.0001000000000000000000000000000000000.lx1.trustbe.cn',
    service: 'mesh.trust.apply',
    runMode: 1,
    source: { nodeId: 'LX1', instId: '' },
    target: { nodeId: 'LX2', instId: '' },
    attachments: {},
    deadline: Number.POSITIVE_INFINITY,
    cancellation: new Cancellation(),
    ...init,
  });
}

describe('MeshContext', () => {
  it('is current while a function runs in it, and not outside', () => {
    const outer = context();
    expect(MeshContext.current()).toBeUndefined();
    expect(outer.run(() => MeshContext.current())).toBe(outer);
    expect(MeshContext.current()).toBeUndefined();
  });

  it('returns what the function returns, and lets its error through', () => {
    expect(context().run(() => 7)).toBe(7);
    expect(() => context().run(() => raise(new Error('no')))).toThrow('no');
    expect(MeshContext.current()).toBeUndefined();
  });

  it('follows promises, timers and Observables', async () => {
    const here = context();
    await here.run(async () => {
      await nextTurn();
      expect(MeshContext.current()).toBe(here);
      const seen = new Observable<unknown>((subscriber) => {
        setImmediate(() => {
          subscriber.next(MeshContext.current());
          subscriber.complete();
        });
      });
      expect(await firstValueFrom(seen)).toBe(here);
    });
  });

  it('keeps contexts apart that run at the same time, and one within another', async () => {
    const [a, b] = [context({ traceId: 'a' }), context({ traceId: 'b' })];
    const trace = async () => {
      await nextTurn();
      return MeshContext.current()?.traceId;
    };
    expect(await Promise.all([a.run(trace), b.run(trace)])).toEqual(['a', 'b']);
    a.run(() => {
      expect(b.run(() => MeshContext.current())).toBe(b);
      expect(MeshContext.current()).toBe(a);
    });
  });

  it('numbers the spans below it', () => {
    const here = context({ spanId: '0.1' });
    expect([here.nextSpanId(), here.nextSpanId(), here.nextSpanId()]).toEqual(['0.1.1', '0.1.2', '0.1.3']);
  });

  it('says how much time is left, never less than none', () => {
    const left = context({ deadline: Date.now() + 60_000 }).remainingMs;
    expect(left).toBeGreaterThan(50_000);
    expect(left).toBeLessThanOrEqual(60_000);
    expect(context({ deadline: Date.now() - 1 }).remainingMs).toBe(0);
    expect(context().remainingMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('aborts its signal with the reason of the cancellation', () => {
    const cancellation = new Cancellation();
    const here = context({ cancellation });
    const reason = new MeshError(MeshCode.CANCELLED);
    expect(here.signal.aborted).toBe(false);
    cancellation.cancel(reason);
    expect(here.signal.reason).toBe(reason);
  });

  it('shows the traceparent that came with the call', () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    expect(context({ attachments: { traceparent } }).traceparent).toBe(traceparent);
    expect(context().traceparent).toBeUndefined();
  });
});

function raise(error: Error): never {
  throw error;
}
