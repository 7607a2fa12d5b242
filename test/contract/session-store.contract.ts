import { afterEach, describe, expect, it } from 'vitest';
import { Cancellation } from '../../lib/context/cancellation.js';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { caught } from '../support/caught.js';
import {
  atOnce,
  gone,
  keyOf,
  type MakeStore,
  PROBE_KEY,
  StoreProbe,
  textOf,
  within,
} from '../support/session-fixtures.js';
import { boundsOfSessionStores } from './session-store.bounds.js';
import { livesOfSessions } from './session-store.lives.js';

/** What every store of sessions keeps. */
export function sessionStoreContract(name: string, make: MakeStore): void {
  describe(`session store contract: ${name}`, () => {
    const probe = new StoreProbe(make);
    afterEach(() => probe.close());

    describe('order', () => {
      it('gives messages in the order in which they came, each once', async () => {
        await probe.open();
        for (let i = 0; i < 100; i++) await probe.push(`${i}`);
        expect(await probe.readAll()).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
      });

      it('keeps sessions and topics apart, and the empty topic from the others', async () => {
        await probe.open();
        const keys = [keyOf('a', ''), keyOf('a', 't'), keyOf('b', ''), keyOf('b', 't'), keyOf('a', '主题')];
        for (const [i, at] of keys.entries()) await probe.push(`${i}`, at);
        for (const [i, at] of keys.entries()) expect(await probe.readAll(at)).toEqual([`${i}`]);
      });

      it('gives what was pushed: payload, metadata and id', async () => {
        await probe.open();
        const metadata = Object.assign(Object.create(null) as Record<string, string>, { k: 'v' });
        const message = { payload: Uint8Array.of(0, 1, 255), metadata, id: 'id' };
        await probe.store.push(PROBE_KEY, message, atOnce());
        await probe.store.push(PROBE_KEY, { payload: new Uint8Array(0), metadata: {}, id: '' }, atOnce());
        const [first, second] = [await probe.take(), await probe.take()];
        expect([...first.message.payload]).toEqual([0, 1, 255]);
        expect(first.message.metadata['k']).toBe('v');
        expect(first.message.id).toBe('id');
        expect(second.message.payload.byteLength).toBe(0);
      });
    });

    describe('pop', () => {
      it('gives nothing at a deadline that has passed', async () => {
        await probe.open();
        expect(await probe.store.pop(PROBE_KEY, atOnce())).toBeUndefined();
        expect(probe.store.stats()).toMatchObject({ queues: 0, waiting: 0 });
      });

      it('gives nothing when the deadline passes', async () => {
        await probe.open();
        const started = performance.now();
        expect(await probe.store.pop(PROBE_KEY, within(40))).toBeUndefined();
        expect(performance.now() - started).toBeGreaterThan(30);
        await probe.push('later');
        expect(await probe.readAll()).toEqual(['later']);
      });

      it('waits for a message', async () => {
        await probe.open();
        const waiting = probe.receive();
        await probe.untilWaiting(1);
        await probe.push('a');
        expect(await waiting).toBe('a');
        expect(probe.store.stats()).toMatchObject({ waiting: 0, messages: 0 });
      });

      it('is served in the order of arrival', async () => {
        await probe.open();
        const waiting: Promise<string | undefined>[] = [];
        for (let i = 0; i < 5; i++) {
          waiting.push(probe.receive());
          await probe.untilWaiting(i + 1);
        }
        for (let i = 0; i < 5; i++) await probe.push(`${i}`);
        expect(await Promise.all(waiting)).toEqual(['0', '1', '2', '3', '4']);
      });

      it('takes nothing when it was cancelled, and leaves its turn to the next', async () => {
        await probe.open();
        const cancellation = new Cancellation();
        const first = caught(probe.store.pop(PROBE_KEY, within(5_000, cancellation)));
        await probe.untilWaiting(1);
        const second = probe.receive();
        await probe.untilWaiting(2);
        cancellation.cancel(gone());
        expect((await first).message).toBe('gone');
        await probe.push('a');
        expect(await second).toBe('a');
      });

      it('takes nothing when it has expired, and leaves its turn to the next', async () => {
        await probe.open();
        const first = probe.store.pop(PROBE_KEY, within(20));
        await probe.untilWaiting(1);
        const second = probe.receive();
        expect(await first).toBeUndefined();
        await probe.push('a');
        expect(await second).toBe('a');
      });

      it('takes nothing when it was cancelled before it began', async () => {
        await probe.open();
        await probe.push('a');
        const cancellation = new Cancellation();
        cancellation.cancel(gone());
        expect(await probe.code(probe.store.pop(PROBE_KEY, within(5_000, cancellation)))).toBe(MeshCode.CANCELLED);
        expect(await probe.readAll()).toEqual(['a']);
      });
    });

    describe('peek', () => {
      it('shows the head and leaves it', async () => {
        await probe.open();
        expect(await probe.store.peek(PROBE_KEY)).toBeUndefined();
        await probe.push('a');
        await probe.push('b');
        expect(textOf(await probe.store.peek(PROBE_KEY))).toBe('a');
        expect(textOf(await probe.store.peek(PROBE_KEY))).toBe('a');
        expect(await probe.readAll()).toEqual(['a', 'b']);
      });

      it('shows what was given back, and not what is taken', async () => {
        await probe.open();
        await probe.push('a');
        const delivery = await probe.take();
        expect(await probe.store.peek(PROBE_KEY)).toBeUndefined();
        await probe.push('b');
        expect(textOf(await probe.store.peek(PROBE_KEY))).toBe('b');
        delivery.giveBack();
        expect(textOf(await probe.store.peek(PROBE_KEY))).toBe('a');
      });
    });

    describe('deliveries', () => {
      it('come back to their places, in whatever order they are given back', async () => {
        for (const order of [
          [0, 1, 2],
          [0, 2, 1],
          [1, 0, 2],
          [1, 2, 0],
          [2, 0, 1],
          [2, 1, 0],
        ]) {
          await probe.open();
          for (const text of ['a', 'b', 'c', 'd']) await probe.push(text);
          const deliveries = [await probe.take(), await probe.take(), await probe.take()];
          for (const at of order) deliveries[at]?.giveBack();
          await probe.push('e');
          expect(await probe.readAll()).toEqual(['a', 'b', 'c', 'd', 'e']);
        }
      });

      it('come back between those that do not', async () => {
        await probe.open();
        for (const text of ['a', 'b', 'c', 'd', 'e']) await probe.push(text);
        const [a, b, c, d] = [await probe.take(), await probe.take(), await probe.take(), await probe.take()];
        d.giveBack();
        a.confirm();
        b.giveBack();
        expect(await probe.read()).toBe('b');
        c.giveBack();
        expect(await probe.readAll()).toEqual(['c', 'd', 'e']);
      });

      it('go to a pop that waits when they are given back', async () => {
        await probe.open();
        await probe.push('a');
        const delivery = await probe.take();
        const waiting = probe.receive();
        await probe.untilWaiting(1);
        delivery.giveBack();
        expect(await waiting).toBe('a');
      });

      it('end once: what is said after that does not count', async () => {
        await probe.open();
        await probe.push('a');
        const first = await probe.take();
        first.giveBack();
        first.confirm();
        first.giveBack();
        const second = await probe.take();
        second.confirm();
        second.giveBack();
        first.giveBack();
        expect(await probe.store.pop(PROBE_KEY, atOnce())).toBeUndefined();
        expect(probe.store.stats()).toMatchObject({ messages: 0, bytes: 0, queues: 0 });
      });

      it('take up room until they are confirmed', async () => {
        await probe.open({ maxQueueMessages: 1, whenFull: 'fail' });
        await probe.push('a');
        const delivery = await probe.take();
        expect(probe.store.stats()).toMatchObject({ messages: 1, bytes: 1, queues: 1 });
        expect(await probe.code(probe.push('b'))).toBe(MeshCode.BUFFER_FULL);
        delivery.confirm();
        await probe.push('c');
        expect(await probe.readAll()).toEqual(['c']);
      });
    });

    boundsOfSessionStores(make);
    livesOfSessions(make);
  });
}
