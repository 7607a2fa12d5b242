import { MeshCode } from '../../lib/errors/mesh-code.js';
import type { SessionOptions } from '../../lib/options/mesh-options.js';
import type { QueueKey, StoreStats } from '../../lib/session/store.js';

/** What a {@link SessionModel} is bounded by. */
export type ModelBounds = Required<
  Pick<SessionOptions, 'maxQueueMessages' | 'maxQueueBytes' | 'maxMessages' | 'maxBytes' | 'whenFull'>
>;

/** Whether an operation may wait. */
export type Patience = 'waits' | 'does not wait';

/** How an operation ended: with a text (the message, `stored`, `nothing`) or a code; `pending` until then. */
export interface ModelOperation {
  outcome: string;
}

interface ModelMessage {
  readonly text: string;
  taken: boolean;
}

interface ModelPush {
  readonly text: string;
  readonly id: string;
  readonly callers: ModelOperation[];
}

interface ModelQueue {
  readonly session: ModelSession;
  readonly topic: string;
  messages: ModelMessage[];
  pushes: ModelPush[];
  pops: ModelOperation[];
}

interface ModelSession {
  readonly id: string;
  readonly accepted: Set<string>;
}

/** A delivery that has not ended. */
export interface ModelDelivery {
  readonly queue: ModelQueue;
  readonly message: ModelMessage;
}

/**
 * What a store of sessions does, as plainly as it can be said: lists that are searched, and everything is looked at after each
 * step. It knows no time. The size of a message is the length of its text.
 */
export class SessionModel {
  readonly deliveries = new Map<ModelOperation, ModelDelivery>();
  private sessions: ModelSession[] = [];
  private queues: ModelQueue[] = [];
  private turns: ModelQueue[] = [];
  private orphans: ModelMessage[] = [];

  constructor(private readonly bounds: ModelBounds) {}

  push(key: QueueKey, text: string, id: string, patience: Patience): ModelOperation {
    const queue = this.queue(key);
    const caller: ModelOperation = { outcome: 'pending' };
    const same = queue.pushes.find((push) => id !== '' && push.id === id);
    if (id !== '' && queue.session.accepted.has(`${key.topic}/${id}`)) caller.outcome = 'stored';
    else if (same) same.callers.push(caller);
    else queue.pushes.push({ text, id, callers: [caller] });
    this.settle();
    const waits = patience === 'waits' && (same !== undefined || this.bounds.whenFull === 'wait');
    if (caller.outcome === 'pending' && !waits) this.end(caller, MeshCode.BUFFER_FULL);
    return caller;
  }

  pop(key: QueueKey, patience: Patience): ModelOperation {
    const pop: ModelOperation = { outcome: 'pending' };
    const isWaitless = patience === 'does not wait' && !this.sessions.some(({ id }) => id === key.session);
    if (isWaitless) return { outcome: 'nothing' };
    this.queue(key).pops.push(pop);
    this.settle();
    if (pop.outcome === 'pending' && patience === 'does not wait') this.end(pop, 'nothing');
    return pop;
  }

  peek(key: QueueKey): string | undefined {
    const queue = this.queues.find(({ session, topic }) => session.id === key.session && topic === key.topic);
    return queue?.messages.find(({ taken }) => !taken)?.text;
  }

  release(key: QueueKey): void {
    const isReleased = ({ session, topic }: ModelQueue): boolean =>
      session.id === key.session && (key.topic === '' || topic === key.topic);
    const released = this.queues.filter(isReleased);
    this.queues = this.queues.filter((queue) => !isReleased(queue));
    this.turns = this.turns.filter((queue) => !isReleased(queue));
    if (key.topic === '') this.sessions = this.sessions.filter(({ id }) => id !== key.session);
    for (const { messages, pushes, pops } of released) {
      this.orphans.push(...messages.filter(({ taken }) => taken));
      const waiting = [...pops, ...pushes.flatMap(({ callers }) => callers)];
      for (const operation of waiting) operation.outcome = MeshCode.SESSION_RELEASED;
    }
    this.settle();
  }

  /** Ends an operation that waits. */
  end(operation: ModelOperation, outcome: string): void {
    operation.outcome = outcome;
    for (const queue of this.queues) {
      queue.pops = queue.pops.filter((pop) => pop !== operation);
      for (const { callers } of queue.pushes) {
        if (callers.includes(operation)) callers.splice(callers.indexOf(operation), 1);
      }
      queue.pushes = queue.pushes.filter(({ callers }) => callers.length > 0);
    }
    this.settle();
  }

  endDelivery(operation: ModelOperation, how: 'confirm' | 'giveBack'): void {
    const delivery = this.deliveries.get(operation);
    this.deliveries.delete(operation);
    if (!delivery) return;
    const { queue, message } = delivery;
    this.orphans = this.orphans.filter((orphan) => orphan !== message);
    if (how === 'confirm') queue.messages = queue.messages.filter((other) => other !== message);
    message.taken = false;
    this.settle();
  }

  stats(): StoreStats {
    return {
      sessions: this.sessions.length,
      queues: this.queues.filter((queue) => queue.messages.length + queue.pushes.length + queue.pops.length > 0).length,
      messages: this.held().length,
      bytes: bytesOf(this.held()),
      waiting: this.queues.reduce((sum, { pops }) => sum + pops.length, 0),
    };
  }

  private queue(key: QueueKey): ModelQueue {
    let session = this.sessions.find(({ id }) => id === key.session);
    if (!session) this.sessions.push((session = { id: key.session, accepted: new Set() }));
    let queue = this.queues.find((one) => one.session === session && one.topic === key.topic);
    if (!queue) this.queues.push((queue = { session, topic: key.topic, messages: [], pushes: [], pops: [] }));
    return queue;
  }

  private held(): ModelMessage[] {
    return [...this.queues.flatMap(({ messages }) => messages), ...this.orphans];
  }

  /** Lets in who may enter, and gives messages to the pops, until nothing changes any more. */
  private settle(): void {
    do this.serve();
    while (this.letIn());
  }

  private serve(): void {
    for (const queue of this.queues) {
      for (const message of queue.messages) {
        if (message.taken || queue.pops.length === 0) continue;
        const pop = queue.pops.shift()!;
        message.taken = true;
        pop.outcome = message.text;
        this.deliveries.set(pop, { queue, message });
      }
    }
  }

  private letIn(): boolean {
    const { maxQueueMessages, maxQueueBytes, maxMessages, maxBytes } = this.bounds;
    const isNext = ({ messages, pushes: [push] }: ModelQueue): boolean =>
      push !== undefined && messages.length < maxQueueMessages && bytesOf([...messages, push]) <= maxQueueBytes;
    this.turns = this.turns.filter(isNext);
    this.turns.push(...this.queues.filter((queue) => isNext(queue) && !this.turns.includes(queue)));
    const [queue] = this.turns;
    const [push] = queue?.pushes ?? [];
    const held = this.held();
    if (!queue || !push || held.length >= maxMessages || bytesOf([...held, push]) > maxBytes) return false;
    this.turns.shift();
    queue.pushes.shift();
    queue.messages.push({ text: push.text, taken: false });
    if (push.id !== '') queue.session.accepted.add(`${queue.topic}/${push.id}`);
    for (const caller of push.callers) caller.outcome = 'stored';
    return true;
  }
}

function bytesOf(messages: readonly { readonly text: string }[]): number {
  return messages.reduce((sum, { text }) => sum + text.length, 0);
}
