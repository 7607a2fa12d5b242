import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import { writeStreamEnd } from '../../../../lib/protocol/stream-end.js';
import { MeshSession } from '../../../../lib/session/handle/mesh-session.js';
import type { ReceivedMessage } from '../../../../lib/session/handle/received-message.js';
import type { Carried, TopicCarrier } from '../../../../lib/session/handle/topic-carrier.js';
import type { Settlement } from '../../../../lib/session/session-service.js';
import { caught } from '../../../support/caught.js';
import { eventually } from '../../../support/eventually.js';

const nothing = new Uint8Array(0);
const refused = new MeshError('E0000000403', 'not you');

/** A session whose pops give these texts, then the end of the other side's stream, and then wait; and what became of each. */
function ending(code: string, ...texts: string[]) {
  const settled: [string, Settlement][] = [];
  const carry = (name: string, payload: Uint8Array, metadata = {}): Carried => ({
    payload,
    metadata,
    settle: (how) => void settled.push([name, how]),
  });
  const all = texts.map((text) => carry(text, Buffer.from(text)));
  all.push(carry('the end', nothing, writeStreamEnd({ code, message: 'not you' })));
  const next = () => {
    const carried = all.shift();
    return carried ? Promise.resolve(carried) : new Promise<undefined>(() => undefined);
  };
  const nobody = async () => undefined;
  const read = () => ({ next, close: () => undefined });
  const carrier: TopicCarrier = { pop: next, peek: next, push: nobody, release: nobody, read };
  return { session: new MeshSession('s', carrier), settled };
}

/** Subscribes, takes so many messages as they come, and tells what was emitted and how it ended. */
function watch(session: MeshSession, taken = 0) {
  const emitted: ReceivedMessage[] = [];
  const ends: unknown[] = [];
  session.messages().subscribe({
    next: (message) => {
      if (emitted.push(message) <= taken) message.take();
    },
    error: (error: unknown) => ends.push(error),
    complete: () => ends.push('complete'),
  });
  return { emitted, ends };
}

describe('the end of the other side’s stream', () => {
  it('completes messages(), and what was emitted is the subscriber’s', async () => {
    const { session, settled } = ending('E0000000000', '1', '2');
    const { emitted, ends } = watch(session);
    await eventually('it ends', () => ends.length === 1);
    expect(ends).toEqual(['complete']);
    expect(emitted.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['1', '2']);
    expect(settled).toEqual([
      ['the end', 'delivered'],
      ['1', 'delivered'],
      ['2', 'delivered'],
    ]);
  });

  it('fails messages() with its code, and what was not taken goes back, the last first', async () => {
    const { session, settled } = ending('E0000000403', '1', '2', '3');
    const { ends } = watch(session, 1);
    await eventually('it ends', () => ends.length === 1);
    expect(ends).toMatchObject([{ code: 'E0000000403', message: 'not you' }]);
    expect(settled).toEqual([
      ['1', 'delivered'],
      ['the end', 'delivered'],
      ['3', 'lost'],
      ['2', 'lost'],
    ]);
  });

  it('ends for await, or is thrown there', async () => {
    const read = async (session: MeshSession) => {
      const seen: string[] = [];
      for await (const { payload } of session.stream()) seen.push(Buffer.from(payload).toString());
      return seen;
    };
    expect(await read(ending('E0000000000', '1', '2').session)).toEqual(['1', '2']);
    expect(await caught(read(ending('E0000000403').session))).toMatchObject({ code: refused.code, message: 'not you' });
  });

  it('is no message to pop and peek', async () => {
    for (const how of ['pop', 'peek'] as const) {
      const { session, settled } = ending('E0000000000');
      expect(await session[how]()).toBeUndefined();
      expect(settled).toEqual([['the end', 'delivered']]);
      expect(await caught(ending('E0000000403').session[how]())).toMatchObject({ code: refused.code });
    }
  });
});
