import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type MeshError, MeshCode, type MeshSession } from 'nestjs-mesh';
import { eventually } from '../support/eventually.js';
import {
  type BothEnds,
  conversationWays,
  pointsOf,
  RelayedSessions,
  sessionWays,
  takeAll,
  TOPIC,
} from '../support/relayed-sessions.js';

const MIB = 1024 * 1024;
const bytes = (text: string): Buffer => Buffer.from(text);
const push = ({ remote }: BothEnds): Promise<void> => remote.push(bytes('3'), { topic: TOPIC });

/** What a pop brings: the text of the message, or the code of the error. */
function pop(session: MeshSession, options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<string> {
  return session.pop({ topic: TOPIC, timeoutMs: 5_000, ...options }).then(
    (payload) => (payload ? Buffer.from(payload).toString() : 'none'),
    ({ code }: MeshError) => code,
  );
}

/** Does something so many steps later. */
async function after(steps: number, act: () => Promise<void>): Promise<void> {
  for (let left = steps; left > 0; left--) await undefined;
  return act();
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);

describe.each([...sessionWays, ...conversationWays])('a connection that breaks, over $name', (way) => {
  it.each(['consumer', 'provider'] as const)(
    'anywhere in what the %s says of a push: the message is stored once, in its place',
    async (speaker) => {
      const sessions = await RelayedSessions.start(way);
      const length = await sessions.lengthOf(speaker, push);
      let broken = 0;
      for (const afterBytes of pointsOf(length)) {
        const ends = await sessions.holding('1', '2');
        sessions.relay.breakAt({ speaker, afterBytes, how: 'cut' });
        await push(ends);
        if (sessions.relay.broken) broken++;
        await ends.local.push(bytes('4'), { topic: TOPIC });
        expect([afterBytes, ...(await takeAll(ends.local))]).toEqual([afterBytes, '1', '2', '3', '4']);
      }
      expect(broken).toBeGreaterThan(30);
    },
  );

  it('anywhere in the request of a pop: nothing is taken', async () => {
    const sessions = await RelayedSessions.start(way);
    const length = await sessions.lengthOf('consumer', ({ remote }) => pop(remote));
    let broken = 0;
    // Beyond that the request may be whole, and its answer on the way.
    for (const afterBytes of pointsOf(length - 12)) {
      const { local, remote } = await sessions.holding('1', '2');
      sessions.relay.breakAt({ speaker: 'consumer', afterBytes, how: 'cut' });
      expect(await pop(remote)).toBe(MeshCode.UNREACHABLE);
      if (sessions.relay.broken) broken++;
      await sessions.hangUp();
      expect([afterBytes, ...(await takeAll(local))]).toEqual([afterBytes, '1', '2']);
    }
    expect(broken).toBeGreaterThan(30);
  });

  it('while a pop waits: what comes then is for the next one', async () => {
    const sessions = await RelayedSessions.start(way);
    for (let round = 0; round < 20; round++) {
      const { local, remote } = await sessions.holding();
      const popped = pop(remote);
      await eventually('it waits', () => sessions.waiting() === 1);
      // The node has not heard yet that the connection is gone.
      sessions.relay.cut();
      for (const text of ['1', '2']) await local.push(bytes(text), { topic: TOPIC });
      expect(await popped).toBe(MeshCode.UNREACHABLE);
      await sessions.hangUp();
      expect(await takeAll(local)).toEqual(['1', '2']);
    }
  });

  it('and stays away for a moment: a push gets through afterwards, and is stored once', async () => {
    const sessions = await RelayedSessions.start(way);
    const ends = await sessions.holding('1', '2');
    const storm = setInterval(() => sessions.relay.cut(), 1);
    setTimeout(() => clearInterval(storm), 100);
    sessions.relay.cut();
    await push(ends);
    expect(await takeAll(ends.local)).toEqual(['1', '2', '3']);
  });

  it('again and again under a row of pushes: each is stored once, in order', async () => {
    const sessions = await RelayedSessions.start(way);
    const { local, remote } = sessions.both();
    const texts = numbers(400);
    for (const [i, text] of texts.entries()) {
      const speaker = i % 2 === 0 ? 'consumer' : 'provider';
      if (i % 5 === 0) sessions.relay.breakAt({ speaker, afterBytes: (i * 7) % 150, how: 'cut' });
      await remote.push(bytes(text), { topic: TOPIC });
    }
    expect(await takeAll(local)).toEqual(texts);
  });
});

describe.each(sessionWays)('the session API, over $name', (way) => {
  it('delivers a message once at most when the answer of a pop is cut, and leaves those behind it in order', async () => {
    const sessions = await RelayedSessions.start(way);
    const length = await sessions.lengthOf('provider', ({ remote }) => pop(remote));
    let broken = 0;
    for (const afterBytes of pointsOf(length)) {
      const { local, remote } = await sessions.holding('1', '2', '3');
      sessions.relay.breakAt({ speaker: 'provider', afterBytes, how: 'cut' });
      const got = await pop(remote);
      if (sessions.relay.broken) broken++;
      await sessions.hangUp();
      const rest = (await takeAll(local)).join();
      // Who wrote all of an answer cannot know that nobody read it.
      const possible = got === '1' ? ['2,3'] : ['1,2,3', '2,3'];
      expect([MeshCode.UNREACHABLE, '1']).toContain(got);
      expect(possible, `cut after ${afterBytes} bytes`).toContain(rest);
    }
    expect(broken).toBeGreaterThan(30);
  });

  it('delivers none twice when its connections break again and again, and loses no more than pops have failed', async () => {
    const sessions = await RelayedSessions.start(way);
    const { local, remote } = sessions.both();
    const texts = numbers(300);
    const got: string[] = [];
    let failed = 0;
    let over = false;
    const reader = async (): Promise<void> => {
      while (!over) {
        const text = await pop(remote, { timeoutMs: 100 });
        if (texts.includes(text)) got.push(text);
        else if (text !== 'none') failed++;
      }
    };
    const readers = Array.from({ length: 4 }, reader);
    for (const [i, text] of texts.entries()) {
      await local.push(bytes(text), { topic: TOPIC });
      if (i % 20 === 0) sessions.relay.breakAt({ speaker: 'provider', afterBytes: (i * 7) % 300, how: 'cut' });
      if (i % 4 === 0) await sleep(1);
    }
    over = true;
    await Promise.all(readers);
    await sessions.hangUp();
    const all = [...got, ...(await takeAll(local))];
    expect(failed).toBeGreaterThan(0);
    expect(new Set(all).size).toBe(all.length);
    expect(all.length).toBeGreaterThanOrEqual(texts.length - failed);
  });

  it('delivers none twice when pops are cancelled, and loses no more than were cancelled', async () => {
    const sessions = await RelayedSessions.start(way);
    const { local, remote } = sessions.both();
    const texts = numbers(300);
    const got: string[] = [];
    let cancelled = 0;
    for (const text of texts) {
      const caller = new AbortController();
      const popped = pop(remote, { signal: caller.signal });
      const pushed = local.push(bytes(text), { topic: TOPIC });
      if (Number(text) % 3 === 0) setImmediate(() => caller.abort());
      const outcome = await popped;
      await pushed;
      if (outcome === MeshCode.CANCELLED) cancelled++;
      else got.push(outcome);
    }
    await sessions.hangUp();
    const all = [...got, ...(await takeAll(local))];
    expect(cancelled).toBeGreaterThan(0);
    expect(new Set(all).size).toBe(all.length);
    expect(all.length).toBeGreaterThanOrEqual(texts.length - cancelled);
  });
});

describe.each(sessionWays)('a connection that breaks, over $name', (way) => {
  it('in the middle of an answer that was not written as a whole: the message goes back to the head', async () => {
    const sessions = await RelayedSessions.start(way);
    const large = Buffer.alloc(48 * MIB, 'x');
    for (const afterBytes of [1, MIB, 20 * MIB]) {
      const { local, remote } = await sessions.holding();
      await local.push(large, { topic: TOPIC });
      await local.push(bytes('2'), { topic: TOPIC });
      sessions.relay.breakAt({ speaker: 'provider', afterBytes, how: 'stall' });
      const popped = pop(remote);
      while (!sessions.relay.broken) await sleep(1);
      await sessions.hangUp();
      expect(await popped).toBe(MeshCode.UNREACHABLE);
      const rest = await takeAll(local);
      expect(rest.map((text) => text.length)).toEqual([large.length, 1]);
    }
  });
});

describe.each([...sessionWays, ...conversationWays])('pops that end early, over $name', (way) => {
  it('at their deadline: nothing is lost, and nothing comes twice', async () => {
    const sessions = await RelayedSessions.start(way);
    const { local, remote } = sessions.both();
    const texts = numbers(300);
    const got: string[] = [];
    let ended = 0;
    let over = false;
    const reader = async (): Promise<void> => {
      while (!over) {
        const text = await pop(remote, { timeoutMs: 1 });
        if (text === 'none') ended++;
        else got.push(text);
      }
    };
    const readers = Array.from({ length: 8 }, reader);
    for (const [i, text] of texts.entries()) {
      await local.push(bytes(text), { topic: TOPIC });
      // Now and then they have to wait.
      while (i % 3 === 0 && got.length < i) await sleep(1);
    }
    over = true;
    await Promise.all(readers);
    const rest = await takeAll(local);
    expect(ended).toBeGreaterThan(0);
    expect([...got, ...rest].sort()).toEqual([...texts].sort());
  });
});

it('pops of the own process that are cancelled lose nothing', async () => {
  const sessions = await RelayedSessions.start(sessionWays[0]!);
  const { local } = sessions.both();
  const texts = numbers(500);
  const got: string[] = [];
  let cancelled = 0;
  for (const text of texts) {
    const caller = new AbortController();
    const popped = pop(local, { signal: caller.signal });
    // Before, while and after the message goes from one to the other.
    const pushed = after(10, () => local.push(bytes(text), { topic: TOPIC }));
    await after(Number(text) % 30, async () => caller.abort());
    const outcome = await popped;
    await pushed;
    if (outcome === MeshCode.CANCELLED) cancelled++;
    else got.push(outcome);
  }
  expect(cancelled).toBeGreaterThan(0);
  expect([...got, ...(await takeAll(local))].sort()).toEqual([...texts].sort());
});

describe.each(conversationWays)('a message by $name', (way) => {
  it.each(['consumer', 'provider'] as const)(
    'is not lost when they break anywhere in what the %s says of a pop',
    async (speaker) => {
      const sessions = await RelayedSessions.start(way);
      const length = await sessions.lengthOf(speaker, ({ remote }) => pop(remote));
      let broken = 0;
      for (const afterBytes of pointsOf(length)) {
        const { local, remote } = await sessions.holding('1', '2');
        sessions.relay.breakAt({ speaker, afterBytes, how: 'cut' });
        const got = await pop(remote);
        if (sessions.relay.broken) broken++;
        await sessions.hangUp();
        // What was delivered comes again when its acknowledgement was lost.
        const possible = got === '1' ? ['1,2', '2'] : ['1,2'];
        expect(possible, `cut after ${afterBytes} bytes`).toContain((await takeAll(local)).join());
      }
      expect(broken).toBeGreaterThan(30);
    },
  );

  it('is not lost when its pop is cancelled', async () => {
    const sessions = await RelayedSessions.start(way);
    const { local, remote } = sessions.both();
    const texts = numbers(300);
    const got = new Set<string>();
    for (const text of texts) {
      const caller = new AbortController();
      const popped = pop(remote, { signal: caller.signal });
      const pushed = local.push(bytes(text), { topic: TOPIC });
      if (Number(text) % 3 === 0) setImmediate(() => caller.abort());
      got.add(await popped);
      await pushed;
    }
    expect(got.delete(MeshCode.CANCELLED)).toBe(true);
    await sessions.hangUp();
    for (const text of await takeAll(local)) got.add(text);
    expect([...got].sort()).toEqual([...texts].sort());
  });
});
