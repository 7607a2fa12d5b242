import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../../lib/context/cancellation.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import { resolveMeshOptions } from '../../../../lib/options/resolve-options.js';
import { MemorySessionStore } from '../../../../lib/session/memory/memory-session-store.js';
import type { Delivery, QueueKey, SessionStore, StoreWait } from '../../../../lib/session/store.js';
import { atOnce, gone, keyOf, messageOf, textOf, within } from '../../../support/session-fixtures.js';
import { type ModelBounds, type ModelOperation, type Patience, SessionModel } from '../../../support/session-model.js';

/** One operation, as the model and the store see it. */
interface Pair {
  readonly model: ModelOperation;
  readonly wait: StoreWait;
  outcome: string;
  delivery?: Delivery | undefined;
}

/** The store, and all operations so far. */
interface Real {
  readonly store: SessionStore;
  readonly pairs: Pair[];
}

type Step = fc.AsyncCommand<SessionModel, Real>;

const waitOf = (patience: Patience): StoreWait =>
  patience === 'waits' ? within(60_000, new Cancellation()) : atOnce();

/** Notes an operation, and how it ends. */
function follow(real: Real, model: ModelOperation, wait: StoreWait, end: Promise<Delivery | string | undefined>): void {
  const pair: Pair = { model, wait, outcome: 'pending' };
  real.pairs.push(pair);
  end.then(
    (value) => {
      if (typeof value === 'object') pair.delivery = value;
      pair.outcome = typeof value === 'object' ? (textOf(value.message) ?? '') : (value ?? 'nothing');
    },
    (error: unknown) => {
      pair.outcome = error instanceof MeshError ? error.code : String(error);
    },
  );
}

/** Compares everything there is to see, once what was begun has ended. */
async function compare(model: SessionModel, { store, pairs }: Real): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  expect(pairs.map(({ outcome }) => outcome)).toEqual(pairs.map((pair) => pair.model.outcome));
  expect(store.stats()).toEqual(model.stats());
  for (const key of keys) expect(textOf(await store.peek(key))).toBe(model.peek(key));
}

const keys = ['s', 't'].flatMap((session) => ['', 'x'].map((topic) => keyOf(session, topic)));

/** A step that can always be made. */
function step(name: string, run: (model: SessionModel, real: Real) => void | Promise<void>): Step {
  return {
    check: () => true,
    run: async (model, real) => {
      await run(model, real);
      await compare(model, real);
    },
    toString: () => name,
  };
}

const pushStep = (key: QueueKey, text: string, id: string, patience: Patience): Step =>
  step(`push(${key.session}/${key.topic}, '${text}', '${id}', ${patience})`, (model, real) => {
    const wait = waitOf(patience);
    const end = real.store.push(key, messageOf(text, id), wait).then(() => 'stored');
    follow(real, model.push(key, text, id, patience), wait, end);
  });

const popStep = (key: QueueKey, patience: Patience): Step =>
  step(`pop(${key.session}/${key.topic}, ${patience})`, (model, real) => {
    const wait = waitOf(patience);
    const end = real.store.pop(key, wait);
    follow(real, model.pop(key, patience), wait, end);
  });

const releaseStep = (key: QueueKey): Step =>
  step(`release(${key.session}/${key.topic})`, async (model, real) => {
    await real.store.release(key);
    model.release(key);
  });

const cancelStep = (nth: number): Step =>
  step(`cancel(${nth})`, (model, { pairs }) => {
    const waiting = pairs.filter(({ outcome }) => outcome === 'pending');
    const pair = waiting[nth % waiting.length];
    if (!pair) return;
    pair.wait.cancellation.cancel(gone());
    model.end(pair.model, gone().code);
  });

const deliveryStep = (nth: number, how: 'confirm' | 'giveBack'): Step =>
  step(`${how}(${nth})`, (model, { pairs }) => {
    // Those that have ended, too: they must not end again.
    const taken = pairs.filter(({ delivery }) => delivery);
    const pair = taken[nth % taken.length];
    pair?.delivery?.[how]();
    if (pair) model.endDelivery(pair.model, how);
  });

const key = fc.constantFrom(...keys);
const patience = fc.constantFrom<Patience>('waits', 'does not wait');
const nth = fc.nat(100);
const push = fc.tuple(key, fc.stringMatching(/^[a-z]{0,5}$/), fc.constantFrom('', '', '1', '2'), patience);
const steps = fc.commands(
  [
    push.map((values) => pushStep(...values)),
    push.map((values) => pushStep(...values)),
    fc.tuple(key, patience).map((values) => popStep(...values)),
    fc.tuple(key, patience).map((values) => popStep(...values)),
    fc.tuple(nth, fc.constantFrom('confirm', 'giveBack')).map((values) => deliveryStep(...values)),
    fc.tuple(nth, fc.constantFrom('confirm', 'giveBack')).map((values) => deliveryStep(...values)),
    nth.map(cancelStep),
    key.map(releaseStep),
  ],
  { maxCommands: 60, size: 'max' },
);
const bounds: fc.Arbitrary<ModelBounds> = fc.record({
  maxQueueMessages: fc.integer({ min: 1, max: 4 }),
  maxQueueBytes: fc.integer({ min: 5, max: 15 }),
  maxMessages: fc.integer({ min: 1, max: 6 }),
  maxBytes: fc.integer({ min: 5, max: 20 }),
  whenFull: fc.constantFrom('wait', 'wait', 'fail'),
});

describe('MemorySessionStore beside its model', () => {
  it('does the same, whatever is done to it', { timeout: 30_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(bounds, steps, async (sessions, steps) => {
        const store = new MemorySessionStore(resolveMeshOptions({ sessions }, {}));
        await fc.asyncModelRun(() => ({ model: new SessionModel(sessions), real: { store, pairs: [] } }), steps);
        await store.close();
        expect(store.stats()).toMatchObject({ sessions: 0, queues: 0, waiting: 0 });
      }),
      { numRuns: 100 },
    );
  });
});
