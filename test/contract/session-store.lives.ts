import { afterEach, describe, expect, it } from 'vitest';
import { Cancellation } from '../../lib/context/cancellation.js';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { atOnce, gone, keyOf, type MakeStore, PROBE_KEY, StoreProbe, within } from '../support/session-fixtures.js';

/** How sessions begin and end, and what they remember meanwhile. Part of the contract of stores. */
export function livesOfSessions(make: MakeStore): void {
  const probe = new StoreProbe(make);
  afterEach(() => probe.close());
  const other = keyOf('session', 'other');
  const elsewhere = keyOf('elsewhere', 'topic');

  describe('release', () => {
    it('of a topic drops what is unread in it, and nothing else', async () => {
      await probe.open();
      for (const key of [PROBE_KEY, other, elsewhere]) await probe.push('a', key);
      await probe.store.release(PROBE_KEY);
      expect(await probe.readAll()).toEqual([]);
      expect(await probe.readAll(other)).toEqual(['a']);
      expect(await probe.readAll(elsewhere)).toEqual(['a']);
    });

    it('of the empty topic drops the whole session', async () => {
      await probe.open();
      for (const key of [PROBE_KEY, other, elsewhere, keyOf('session', '')]) await probe.push('a', key);
      await probe.store.release(keyOf('session', ''));
      expect(probe.store.stats()).toMatchObject({ sessions: 1, queues: 1, messages: 1 });
      expect(await probe.readAll(elsewhere)).toEqual(['a']);
    });

    it('ends the pops and the pushes that wait', async () => {
      await probe.open({ maxQueueMessages: 1 });
      await probe.push('a', other);
      const waits = [probe.receive(), probe.receive(), probe.pushWaiting('b', { key: other })].map((it) =>
        probe.code(it),
      );
      const bystander = probe.receive(within(5_000), elsewhere);
      await probe.untilWaiting(3);
      await probe.store.release(keyOf('session', ''));
      expect(await Promise.all(waits)).toEqual(Array(3).fill(MeshCode.SESSION_RELEASED));
      await probe.push('c', elsewhere);
      expect(await bystander).toBe('c');
    });

    it('of one topic ends only what waits there', async () => {
      await probe.open();
      const waiting = probe.code(probe.receive());
      const bystander = probe.receive(within(5_000), other);
      await probe.untilWaiting(2);
      await probe.store.release(PROBE_KEY);
      expect(await waiting).toBe(MeshCode.SESSION_RELEASED);
      await probe.push('a', other);
      expect(await bystander).toBe('a');
    });

    it('lets the same id be used anew at once', async () => {
      await probe.open({ maxMessages: 1, maxSessions: 1 });
      for (const text of ['a', 'b', 'c']) {
        await probe.push(text);
        expect(await probe.store.peek(PROBE_KEY)).toBeDefined();
        await probe.store.release(keyOf('session', ''));
      }
      await probe.push('d');
      expect(await probe.readAll()).toEqual(['d']);
    });

    it.each(['session', 'topic'])('of a %s ends deliveries without a trace', async (what) => {
      await probe.open();
      for (const text of ['a', 'b', 'c']) await probe.push(text);
      const [a, b] = [await probe.take(), await probe.take()];
      await probe.store.release(keyOf('session', what === 'session' ? '' : 'topic'));
      await probe.push('d');
      a.confirm();
      b.giveBack();
      expect(probe.store.stats()).toMatchObject({ messages: 1, bytes: 1 });
      expect(await probe.readAll()).toEqual(['d']);
      expect(probe.store.stats()).toMatchObject({ queues: 0, messages: 0, bytes: 0 });
    });

    it('does not free the room of deliveries that have not ended', async () => {
      await probe.open({ maxMessages: 1, whenFull: 'fail' });
      await probe.push('a');
      const delivery = await probe.take();
      await probe.store.release(PROBE_KEY);
      expect(await probe.code(probe.push('b'))).toBe(MeshCode.BUFFER_FULL);
      delivery.giveBack();
      await probe.push('c');
      expect(await probe.readAll()).toEqual(['c']);
    });

    it('of what is not there does nothing', async () => {
      await probe.open();
      await probe.store.release(PROBE_KEY);
      await probe.store.release(keyOf('session', ''));
      expect(probe.store.stats()).toEqual({ sessions: 0, queues: 0, messages: 0, bytes: 0, waiting: 0 });
    });
  });

  describe('a repeated push', () => {
    it('is accepted and stored once', async () => {
      await probe.open();
      for (const id of ['1', '1', '2', '1', '2']) await probe.push(`m${id}`, PROBE_KEY, id);
      expect(await probe.readAll()).toEqual(['m1', 'm2']);
    });

    it('is known when the first was consumed long ago', async () => {
      await probe.open();
      await probe.push('a', PROBE_KEY, 'id');
      expect(await probe.readAll()).toEqual(['a']);
      await probe.push('a', PROBE_KEY, 'id');
      expect(await probe.readAll()).toEqual([]);
    });

    it('is known when the first went to a pop that waited', async () => {
      await probe.open();
      const waiting = probe.receive();
      await probe.untilWaiting(1);
      await probe.push('a', PROBE_KEY, 'id');
      await probe.push('a', PROBE_KEY, 'id');
      expect(await waiting).toBe('a');
      expect(await probe.readAll()).toEqual([]);
    });

    it('is another message in another queue, and without an id', async () => {
      await probe.open();
      for (const key of [PROBE_KEY, other, elsewhere]) await probe.push('a', key, 'id');
      for (const key of [PROBE_KEY, other, elsewhere]) expect(await probe.readAll(key)).toEqual(['a']);
      for (const text of ['a', 'a']) await probe.push(text);
      expect(await probe.readAll()).toEqual(['a', 'a']);
    });

    it('is not mistaken for another whose topic and id read the same together', async () => {
      await probe.open();
      await probe.push('a', keyOf('session', 'x'), 'yz');
      await probe.push('b', keyOf('session', 'xy'), 'z');
      expect(await probe.readAll(keyOf('session', 'xy'))).toEqual(['b']);
    });

    it('is accepted even when there is no room', async () => {
      await probe.open({ maxQueueMessages: 1, whenFull: 'fail' });
      await probe.push('a', PROBE_KEY, 'id');
      await probe.push('a', PROBE_KEY, 'id');
      expect(await probe.readAll()).toEqual(['a']);
    });

    it('ends like the first while that waits for room', async () => {
      await probe.open({ maxQueueMessages: 1 });
      await probe.push('a');
      const both = [1, 2].map(() => probe.pushWaiting('b', { id: 'id' }));
      expect(await probe.readAll()).toEqual(['a', 'b']);
      await Promise.all(both);
      await probe.push('c');
      const refused = [1, 2].map(() => probe.code(probe.pushWaiting('d', { id: 'other id' })));
      await probe.store.release(PROBE_KEY);
      expect(await Promise.all(refused)).toEqual([MeshCode.SESSION_RELEASED, MeshCode.SESSION_RELEASED]);
    });

    it('keeps the place in line when the caller of the first has gone away', async () => {
      await probe.open({ maxQueueMessages: 1 });
      await probe.push('a');
      const cancellation = new Cancellation();
      const first = caught(probe.pushWaiting('b', { id: 'id', wait: within(5_000, cancellation) }));
      const later = probe.pushWaiting('c');
      const again = probe.pushWaiting('b', { id: 'id' });
      cancellation.cancel(gone());
      await first;
      expect(await probe.readAll()).toEqual(['a', 'b', 'c']);
      await Promise.all([again, later]);
    });

    it('is a first push when the first failed', async () => {
      await probe.open({ maxQueueMessages: 1 });
      await probe.push('a');
      expect(await probe.code(probe.push('b', PROBE_KEY, 'id'))).toBe(MeshCode.BUFFER_FULL);
      expect(await probe.code(probe.pushWaiting('b', { id: 'id', wait: within(10) }))).toBe(MeshCode.BUFFER_FULL);
      await probe.read();
      await probe.push('b', PROBE_KEY, 'id');
      expect(await probe.readAll()).toEqual(['b']);
    });

    it('is a first push after the window, and in a session that was opened anew', async () => {
      await probe.open({ repeatWindowMs: 30 });
      await probe.push('a', PROBE_KEY, 'id');
      await new Promise((resolve) => setTimeout(resolve, 40));
      await probe.push('b', PROBE_KEY, 'id');
      await probe.store.release(keyOf('session', ''));
      await probe.push('c', PROBE_KEY, 'id');
      expect(await probe.readAll()).toEqual(['c']);
    });

    it('is stored again when nothing is to be remembered', async () => {
      await probe.open({ repeatWindowMs: 0 });
      for (const text of ['a', 'b']) await probe.push(text, PROBE_KEY, 'id');
      expect(await probe.readAll()).toEqual(['a', 'b']);
    });
  });

  describe('an idle session', () => {
    const sessions = (): number => probe.store.stats().sessions;

    it('expires with all that it holds', async () => {
      await probe.open({ idleTimeoutMs: 30 });
      await probe.push('a');
      await probe.push('b', elsewhere);
      await probe.read(elsewhere);
      expect(sessions()).toBe(2);
      await eventually('sessions expire', () => sessions() === 0);
      expect(probe.store.stats()).toMatchObject({ queues: 0, messages: 0, bytes: 0 });
      expect(await probe.readAll()).toEqual([]);
    });

    it('makes room for pushes that wait', async () => {
      await probe.open({ idleTimeoutMs: 30, maxMessages: 1 });
      await probe.push('a');
      await probe.pushWaiting('b', { key: elsewhere });
      expect(await probe.readAll(elsewhere)).toEqual(['b']);
    });

    it('is also one whose last push had to wait', async () => {
      await probe.open({ idleTimeoutMs: 30, maxMessages: 1 });
      await probe.push('a');
      await probe.pushWaiting('b', { key: elsewhere });
      expect(probe.store.stats()).toMatchObject({ sessions: 1, messages: 1 });
      await eventually('the session expires', () => sessions() === 0);
    });

    it('is not one with a pop that waits', async () => {
      await probe.open({ idleTimeoutMs: 20 });
      const waiting = probe.receive();
      await probe.untilWaiting(1);
      await probe.push('b', elsewhere);
      await eventually('the other session expires', () => sessions() === 1);
      await probe.push('a');
      expect(await waiting).toBe('a');
    });

    it('is not one with a delivery that has not ended', async () => {
      await probe.open({ idleTimeoutMs: 20 });
      await probe.push('a');
      const delivery = await probe.take();
      await probe.push('b', elsewhere);
      await eventually('the other session expires', () => sessions() === 1);
      delivery.giveBack();
      expect(await probe.readAll()).toEqual(['a']);
      await eventually('the session expires at last', () => sessions() === 0);
    });

    it('is not one that is looked at', async () => {
      await probe.open({ idleTimeoutMs: 80 });
      await probe.push('a');
      for (let i = 0; i < 12; i++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        expect(await probe.store.peek(PROBE_KEY)).toBeDefined();
      }
    });
  });

  describe('the bound of sessions', () => {
    it('lets the longest idle of those that hold nothing give way', async () => {
      await probe.open({ maxSessions: 2 });
      const [a, b, c] = [keyOf('a', ''), keyOf('b', ''), keyOf('c', '')];
      await probe.push('1', a);
      for (const key of [b, c]) {
        await probe.push('2', key, 'id');
        await probe.read(key);
      }
      expect(probe.store.stats().sessions).toBe(2);
      expect(await probe.readAll(a)).toEqual(['1']);
      // The one that gave way remembers nothing.
      await probe.push('2', b, 'id');
      expect(await probe.readAll(b)).toEqual(['2']);
    });

    it('refuses another while all are in use', async () => {
      await probe.open({ maxSessions: 2 });
      await probe.push('a');
      const waiting = probe.receive(within(5_000), elsewhere);
      await probe.untilWaiting(1);
      expect(await probe.code(probe.push('b', keyOf('third', '')))).toBe(MeshCode.BUFFER_FULL);
      expect(await probe.code(probe.receive(within(5_000), keyOf('third', '')))).toBe(MeshCode.BUFFER_FULL);
      expect(await probe.store.peek(keyOf('third', ''))).toBeUndefined();
      await probe.push('c', elsewhere);
      expect(await waiting).toBe('c');
      await probe.push('d', keyOf('third', ''));
    });
  });

  describe('a store', () => {
    it('says what it holds', async () => {
      await probe.open();
      await probe.push('12345');
      await probe.push('12', other);
      const waiting = probe.receive(within(5_000), elsewhere);
      await probe.untilWaiting(1);
      const delivery = await probe.take();
      expect(probe.store.stats()).toEqual({ sessions: 2, queues: 3, messages: 2, bytes: 7, waiting: 1 });
      delivery.confirm();
      expect(probe.store.stats()).toEqual({ sessions: 2, queues: 2, messages: 1, bytes: 2, waiting: 1 });
      await probe.push('', elsewhere);
      expect(await waiting).toBe('');
    });

    it('ends everything when it is closed, and takes nothing any more', async () => {
      await probe.open({ maxQueueMessages: 1 });
      await probe.push('a');
      const waits = [probe.receive(within(5_000), other), probe.pushWaiting('b')].map((it) => probe.code(it));
      await probe.untilWaiting(1);
      const { store } = probe;
      await store.close();
      await store.close();
      expect(await Promise.all(waits)).toEqual([MeshCode.SESSION_RELEASED, MeshCode.SESSION_RELEASED]);
      expect(store.stats()).toEqual({ sessions: 0, queues: 0, messages: 0, bytes: 0, waiting: 0 });
      const operations = [
        probe.push('c'),
        store.pop(PROBE_KEY, atOnce()),
        store.peek(PROBE_KEY),
        store.release(PROBE_KEY),
      ];
      for (const operation of operations) expect(await probe.code(operation)).toBe(MeshCode.UNREACHABLE);
    });
  });
}
