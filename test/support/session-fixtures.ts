import { Cancellation } from '../../lib/context/cancellation.js';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { MeshError } from '../../lib/errors/mesh-error.js';
import type { SessionOptions } from '../../lib/options/mesh-options.js';
import type { Delivery, QueueKey, SessionMessage, SessionStore, StoreWait } from '../../lib/session/store.js';
import { caught } from './caught.js';
import { eventually } from './eventually.js';

/** Makes an empty store with these options, and the defaults for the others. */
export type MakeStore = (options: SessionOptions) => Promise<SessionStore>;

/** Names a queue. */
export function keyOf(session: string, topic: string): QueueKey {
  return { session, topic };
}

/** A message of a text, without metadata. */
export function messageOf(text: string, id = ''): SessionMessage {
  return { payload: Buffer.from(text), metadata: {}, id };
}

/** The text of a message. */
export function textOf(message: SessionMessage | undefined): string | undefined {
  return message && Buffer.from(message.payload).toString();
}

/** Waits for a time, unless it is cancelled before. */
export function within(timeoutMs: number, cancellation = new Cancellation()): StoreWait {
  return { deadline: Date.now() + timeoutMs, cancellation };
}

/** Does not wait. */
export function atOnce(): StoreWait {
  return { deadline: 0, cancellation: new Cancellation() };
}

/** Who waited has gone away. */
export function gone(): MeshError {
  return new MeshError(MeshCode.CANCELLED, 'gone');
}

/** The queue that a {@link StoreProbe} uses unless another is named. */
export const PROBE_KEY = keyOf('session', 'topic');

/** A store, and what tests do with it, in few words. */
export class StoreProbe {
  private opened: SessionStore | undefined;

  constructor(private readonly make: MakeStore) {}

  /** Opens an empty store; the one before is closed. */
  async open(options: SessionOptions = {}): Promise<void> {
    await this.close();
    this.opened = await this.make(options);
  }

  /** Closes the store. */
  async close(): Promise<void> {
    await this.opened?.close();
  }

  /** The store. */
  get store(): SessionStore {
    if (!this.opened) throw new Error('no store is open');
    return this.opened;
  }

  /** Pushes without waiting. */
  push(text: string, key = PROBE_KEY, id = ''): Promise<void> {
    return this.store.push(key, messageOf(text, id), atOnce());
  }

  /** Pushes, waiting for room. */
  pushWaiting(text: string, { key = PROBE_KEY, id = '', wait = within(5_000) } = {}): Promise<void> {
    return this.store.push(key, messageOf(text, id), wait);
  }

  /** Takes the head, and leaves its delivery open. */
  async take(key = PROBE_KEY): Promise<Delivery> {
    const delivery = await this.store.pop(key, atOnce());
    if (!delivery) throw new Error('there is nothing to take');
    return delivery;
  }

  /** Takes the head, waiting for it, and confirms it. */
  async receive(wait = within(5_000), key = PROBE_KEY): Promise<string | undefined> {
    const delivery = await this.store.pop(key, wait);
    delivery?.confirm();
    return textOf(delivery?.message);
  }

  /** Takes the head, when there is one, and confirms it. */
  read(key = PROBE_KEY): Promise<string | undefined> {
    return this.receive(atOnce(), key);
  }

  /** Reads until there is nothing left. */
  async readAll(key = PROBE_KEY): Promise<string[]> {
    const texts: string[] = [];
    for (let text = await this.read(key); text !== undefined; text = await this.read(key)) texts.push(text);
    return texts;
  }

  /** Waits until so many pops wait. */
  untilWaiting(count: number): Promise<void> {
    return eventually(`${count} pops wait`, () => this.store.stats().waiting === count);
  }

  /** The code that an operation fails with. */
  async code(operation: Promise<unknown>): Promise<string> {
    return (await caught(operation)).code;
  }
}
