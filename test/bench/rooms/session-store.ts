import 'reflect-metadata';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { resolveMeshOptions } from '../../../lib/options/resolve-options.js';
import { MemorySessionStore } from '../../../lib/session/memory/memory-session-store.js';
import type { QueueKey, SessionMessage, SessionStore, StoreWait } from '../../../lib/session/store.js';
import { hurried, memoryInUse, rates, rounded, table, type Work } from './rate.js';

const SESSIONS = hurried ? [1, 1_000] : [1, 1_000, 100_000];
const BATCH = 1_000;

const atOnce: StoreWait = { deadline: 0, cancellation: new Cancellation() };
const payload = new Uint8Array(128);
/** Part of what was read from a socket, as payloads are that come over the wire. */
const received = new Uint8Array(64 * 1_024).subarray(1_000, 1_128);

function message(id: string, content = payload): SessionMessage {
  return { payload: content, metadata: {}, id };
}

async function confirmHead(store: SessionStore, key: QueueKey): Promise<void> {
  const delivery = await store.pop(key, atOnce);
  delivery?.confirm();
}

/** Works through the sessions in turn, so that each operation meets another session than the one before. */
function inTurn(keys: readonly QueueKey[], operate: (key: QueueKey) => Promise<unknown>): Work {
  let next = 0;
  return async (operations) => {
    for (let i = 0; i < operations; i++) {
      await operate(keys[next] ?? keys[0]!);
      next = next + 1 < keys.length ? next + 1 : 0;
    }
  };
}

async function measure(sessions: number): Promise<readonly string[]> {
  const store = new MemorySessionStore(resolveMeshOptions({}, {}));
  const keys = Array.from({ length: sessions }, (_, i) => ({ session: `session-${i}-of-the-bench`, topic: 'topic' }));
  const before = await memoryInUse();
  for (const key of keys) {
    await store.push(key, message(''), atOnce);
    await confirmHead(store, key);
  }
  const bytes = ((await memoryInUse()) - before) / sessions;
  let ids = 0;
  const measured = await rates(
    {
      'push + pop': inTurn(keys, async (key) => {
        await store.push(key, message(''), atOnce);
        await confirmHead(store, key);
      }),
      'push + pop, from a socket': inTurn(keys, async (key) => {
        await store.push(key, message('', received), atOnce);
        await confirmHead(store, key);
      }),
      'push with id + pop': inTurn(keys, async (key) => {
        await store.push(key, message(`0197a3c2-8f10-7bb1-9c3e-${++ids}`), atOnce);
        await confirmHead(store, key);
      }),
      'waiting pop + push': inTurn(keys, async (key) => {
        const wait = { deadline: Date.now() + 120_000, cancellation: new Cancellation() };
        const waiting = store.pop(key, wait);
        await store.push(key, message(''), atOnce);
        (await waiting)?.confirm();
      }),
      peek: inTurn(keys, (key) => store.peek(key)),
    },
    BATCH,
  );
  await store.close();
  return [rounded(sessions), ...[...measured.values()].map(rounded), sessions > 1 ? `${Math.round(bytes)}` : '-'];
}

const rows = [
  ['sessions', 'push + pop', '… from a socket', '… with id', 'waiting pop + push', 'peek', 'bytes per idle session'],
];
for (const sessions of SESSIONS) rows.push([...(await measure(sessions))]);
console.log('The session store in memory, 128 bytes a message, pairs of operations per second in one process:\n');
console.log(table(rows));
