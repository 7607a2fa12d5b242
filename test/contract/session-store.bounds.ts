import { afterEach, describe, expect, it } from 'vitest';
import { Cancellation } from '../../lib/context/cancellation.js';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { caught } from '../support/caught.js';
import { atOnce, gone, keyOf, type MakeStore, PROBE_KEY, StoreProbe, within } from '../support/session-fixtures.js';

/** How much a store of sessions holds, and what happens at the bounds. Part of its contract. */
export function boundsOfSessionStores(make: MakeStore): void {
  const probe = new StoreProbe(make);
  afterEach(() => probe.close());

  describe('bounds', () => {
    const other = keyOf('session', 'other');

    it('hold for the messages of a queue', async () => {
      await probe.open({ maxQueueMessages: 2, whenFull: 'fail' });
      await probe.push('a');
      await probe.push('b');
      expect(await probe.code(probe.push('c'))).toBe(MeshCode.BUFFER_FULL);
      await probe.push('d', other);
      expect(await probe.read()).toBe('a');
      await probe.push('e');
      expect(await probe.readAll()).toEqual(['b', 'e']);
    });

    it('hold for the bytes of a queue, metadata included', async () => {
      await probe.open({ maxQueueBytes: 10, whenFull: 'fail' });
      await probe.store.push(PROBE_KEY, { payload: Buffer.from('12345'), metadata: { abc: 'd' }, id: '' }, atOnce());
      expect(await probe.code(probe.push('12'))).toBe(MeshCode.BUFFER_FULL);
      await probe.push('1');
      expect(probe.store.stats().bytes).toBe(10);
      await probe.push('1234567890', other);
    });

    it('hold for the messages in all', async () => {
      await probe.open({ maxMessages: 2, whenFull: 'fail' });
      await probe.push('a');
      await probe.push('b', other);
      expect(await probe.code(probe.push('c', keyOf('another', '')))).toBe(MeshCode.BUFFER_FULL);
      await probe.read(other);
      await probe.push('d', keyOf('another', ''));
    });

    it('hold for the bytes in all', async () => {
      await probe.open({ maxBytes: 10, whenFull: 'fail' });
      await probe.push('12345');
      await probe.push('1234', other);
      expect(await probe.code(probe.push('12', keyOf('another', '')))).toBe(MeshCode.BUFFER_FULL);
      await probe.push('1', keyOf('another', ''));
    });

    it('refuse at once what can never be held', async () => {
      await probe.open({ maxQueueBytes: 10, maxBytes: 20 });
      expect(await probe.code(probe.pushWaiting('12345678901'))).toBe(MeshCode.MESSAGE_TOO_LONG);
      await probe.close();
      await probe.open({ maxQueueBytes: 20, maxBytes: 10 });
      expect(await probe.code(probe.pushWaiting('12345678901'))).toBe(MeshCode.MESSAGE_TOO_LONG);
      await probe.push('1234567890');
    });

    it('refuse names that are missing or too long', async () => {
      await probe.open({ maxTopicBytes: 6 });
      const wrong = [
        keyOf('', 'topic'),
        keyOf('session', '1234567'),
        keyOf('session', '主题了'),
        keyOf('s'.repeat(1_025), ''),
      ];
      for (const at of wrong) {
        const operations = [
          probe.push('a', at),
          probe.store.pop(at, atOnce()),
          probe.store.peek(at),
          probe.store.release(at),
        ];
        for (const operation of operations) expect(await probe.code(operation)).toBe(MeshCode.INVALID_REQUEST);
      }
      expect(await probe.code(probe.push('a', keyOf('session', ''), 'i'.repeat(1_025)))).toBe(MeshCode.INVALID_REQUEST);
      await probe.push('a', keyOf('session', '主题'));
      expect(probe.store.stats()).toMatchObject({ sessions: 1, messages: 1 });
    });

    it('leave nothing behind of a push that failed', async () => {
      await probe.open({ maxMessages: 1, whenFull: 'fail' });
      await probe.push('a');
      expect(await probe.code(probe.push('b', other, 'id'))).toBe(MeshCode.BUFFER_FULL);
      expect(probe.store.stats()).toMatchObject({ queues: 1, messages: 1 });
      await probe.read();
      await probe.push('b', other, 'id');
      expect(await probe.readAll(other)).toEqual(['b']);
    });
  });

  describe('pushes without room', () => {
    it('wait for it, and enter in the order of their arrival', async () => {
      await probe.open({ maxQueueMessages: 1 });
      const pushes = ['a', 'b', 'c'].map((text) => probe.pushWaiting(text));
      expect(await probe.readAll()).toEqual(['a', 'b', 'c']);
      await Promise.all(pushes);
      expect(probe.store.stats()).toMatchObject({ messages: 0, bytes: 0, queues: 0 });
    });

    it('do not pass those that came before, even if there is room for them', async () => {
      await probe.open({ maxQueueBytes: 10 });
      await probe.push('123456');
      const large = probe.pushWaiting('1234567890');
      const small = probe.pushWaiting('1');
      expect(await probe.read()).toBe('123456');
      await large;
      expect(probe.store.stats().messages).toBe(1);
      expect(await probe.read()).toBe('1234567890');
      await small;
      expect(await probe.readAll()).toEqual(['1']);
    });

    it('enter in their order when they wait for room in all, too', async () => {
      await probe.open({ maxBytes: 10 });
      const [a, b, c] = [keyOf('a', ''), keyOf('b', ''), keyOf('c', '')];
      await probe.push('12345678', a);
      const large = probe.pushWaiting('1234567', { key: b });
      const small = probe.pushWaiting('12', { key: c });
      expect(await probe.store.pop(c, atOnce())).toBeUndefined();
      await probe.read(a);
      await Promise.all([large, small]);
      expect(await probe.readAll(b)).toEqual(['1234567']);
      expect(await probe.readAll(c)).toEqual(['12']);
    });

    it('do not stop others while they wait for their own queue', async () => {
      await probe.open({ maxQueueMessages: 1 });
      await probe.push('a');
      const waiting = probe.pushWaiting('b');
      await probe.push('c', keyOf('session', 'other'));
      expect(await probe.readAll()).toEqual(['a', 'b']);
      await waiting;
    });

    it('fail when there is none until the deadline', async () => {
      await probe.open({ maxQueueMessages: 1 });
      await probe.push('a');
      expect(await probe.code(probe.push('at once'))).toBe(MeshCode.BUFFER_FULL);
      expect(await probe.code(probe.pushWaiting('b', { wait: within(20) }))).toBe(MeshCode.BUFFER_FULL);
      expect(await probe.readAll()).toEqual(['a']);
    });

    it('are not stored when they are cancelled, and leave their turn to the next', async () => {
      await probe.open({ maxQueueBytes: 10 });
      await probe.push('1234567');
      const cancellation = new Cancellation();
      const large = caught(probe.pushWaiting('1234567890', { wait: within(5_000, cancellation) }));
      const small = probe.pushWaiting('123');
      cancellation.cancel(gone());
      expect((await large).message).toBe('gone');
      await small;
      expect(await probe.readAll()).toEqual(['1234567', '123']);
    });

    it('leave their turn for room in all to the next, too', async () => {
      await probe.open({ maxBytes: 10 });
      await probe.push('1234567', keyOf('a', ''));
      const cancellation = new Cancellation();
      const large = caught(probe.pushWaiting('1234567890', { wait: within(5_000, cancellation) }));
      const small = probe.pushWaiting('123', { key: keyOf('b', '') });
      cancellation.cancel(gone());
      await large;
      await small;
    });

    it('go to a pop that waits as soon as there is room', async () => {
      await probe.open({ maxQueueMessages: 1 });
      await probe.push('a');
      const delivery = await probe.take();
      const waiting = probe.receive();
      const pushing = probe.pushWaiting('b');
      await probe.untilWaiting(1);
      delivery.confirm();
      expect(await waiting).toBe('b');
      await pushing;
    });

    it('get the room that a release makes', async () => {
      await probe.open({ maxMessages: 1 });
      await probe.push('a', keyOf('other', ''));
      const waiting = probe.pushWaiting('b');
      await probe.store.release(keyOf('other', ''));
      await waiting;
      expect(await probe.readAll()).toEqual(['b']);
    });

    it('are bounded themselves, in bytes; one may always wait', async () => {
      await probe.open({ maxQueueMessages: 1, maxWaitingBytes: 5 });
      for (let round = 0; round < 2; round++) {
        await probe.push('a');
        const first = probe.pushWaiting('123456');
        expect(await probe.code(probe.pushWaiting('7'))).toBe(MeshCode.BUFFER_FULL);
        expect(await probe.readAll()).toEqual(['a', '123456']);
        await first;
      }
    });

    it('and pops are bounded in number', async () => {
      await probe.open({ maxQueueMessages: 1, maxWaiting: 1 });
      await probe.push('a');
      const first = probe.pushWaiting('b');
      expect(await probe.code(probe.pushWaiting('c'))).toBe(MeshCode.BUFFER_FULL);
      expect(await probe.readAll()).toEqual(['a', 'b']);
      await first;
      const waiting = probe.receive();
      await probe.untilWaiting(1);
      expect(await probe.code(probe.store.pop(PROBE_KEY, within(5_000)))).toBe(MeshCode.BUFFER_FULL);
      await probe.push('d');
      expect(await waiting).toBe('d');
    });
  });
}
