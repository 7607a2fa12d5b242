import { Inject } from '@nestjs/common';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { MeshExtension } from '../../kernel/extension.decorator.js';
import { MESH_OPTIONS, type ResolvedMeshOptions } from '../../options/mesh-options.js';
import {
  type Delivery,
  type QueueKey,
  SESSION_STORE,
  type SessionMessage,
  type SessionStore,
  type StoreStats,
  type StoreWait,
} from '../store.js';
import { checkKey, checkMessage } from './checks.js';
import { MessageQueue } from './message-queue.js';
import { sizeOf } from './own-payload.js';
import { PushGate } from './push-gate.js';
import type { QueuedMessage } from './queued-message.js';
import type { Session } from './session.js';
import { SessionTable } from './session-table.js';
import { type DeliveryDesk, TakenMessage } from './taken-message.js';
import { WaitingRoom } from './waiting-room.js';

/**
 * Holds the queues of sessions in the memory of this process. `MeshOptions.sessions` says how much, and for how long. What an
 * operation costs does not depend on how many sessions, queues or messages there are.
 */
@MeshExtension(SESSION_STORE, 'memory')
export class MemorySessionStore implements SessionStore {
  private readonly options: ResolvedMeshOptions['sessions'];
  private readonly sessions: SessionTable;
  private readonly gate: PushGate;
  private readonly pops: WaitingRoom;
  private queues = 0;
  private closed = false;

  private readonly desk: DeliveryDesk = {
    confirmed: (queue, message) => this.confirm(queue, message),
    givenBack: (queue, message) => this.takeBack(queue, message),
  };

  constructor(@Inject(MESH_OPTIONS) { sessions }: ResolvedMeshOptions) {
    this.options = sessions;
    this.sessions = new SessionTable({
      ...sessions,
      expire: (session) => this.drop(session.queues, 'the session was idle for too long'),
    });
    this.gate = new PushGate(sessions, {
      accepted: (queue, message) => this.offer(queue, message),
      settled: (queue) => this.settle(queue),
    });
    this.pops = new WaitingRoom(sessions.maxWaiting);
  }

  async push(key: QueueKey, message: SessionMessage, wait: StoreWait): Promise<void> {
    this.check(key, wait);
    const size = sizeOf(message);
    checkMessage(message, size, this.options);
    const queue = this.open(key);
    try {
      return this.gate.push(queue, message, size, wait);
    } finally {
      this.settle(queue);
    }
  }

  async pop(key: QueueKey, wait: StoreWait): Promise<Delivery | undefined> {
    this.check(key, wait);
    const session = this.sessions.find(key.session);
    const queue = session?.queues.get(key.topic);
    const message = queue?.shift();
    if (queue && message) return this.hand(queue, message);
    if (wait.deadline > Date.now()) return this.wait(this.open(key), wait);
    if (session) this.sessions.touch(session);
    return undefined;
  }

  async peek(key: QueueKey): Promise<SessionMessage | undefined> {
    this.check(key);
    const session = this.sessions.find(key.session);
    if (session) this.sessions.touch(session);
    return session?.queues.get(key.topic)?.first?.message;
  }

  async release(key: QueueKey): Promise<void> {
    this.check(key);
    const session = this.sessions.find(key.session);
    if (!session) return;
    const queue = session.queues.get(key.topic);
    if (key.topic === '') this.releaseAll(session);
    else if (queue) this.drop([queue], 'the topic was released');
    this.sessions.touch(session);
  }

  stats(): StoreStats {
    const { messages, bytes } = this.gate.held;
    return { sessions: this.sessions.size, queues: this.queues, messages, bytes, waiting: this.pops.size };
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const session of this.sessions.all()) this.releaseAll(session);
    this.sessions.close();
    this.gate.close();
  }

  private check(key: QueueKey, wait?: StoreWait): void {
    if (this.closed) throw new MeshError(MeshCode.UNREACHABLE, 'the session store is closed');
    checkKey(key, this.options);
    if (wait?.cancellation.reason) throw wait.cancellation.reason;
  }

  private open({ session: id, topic }: QueueKey): MessageQueue {
    const session = this.sessions.open(id);
    const known = session.queues.get(topic);
    if (known) return known;
    const queue = new MessageQueue(session, topic);
    session.queues.add(queue);
    this.queues++;
    return queue;
  }

  /** Gives an accepted message to the pop that has waited longest, or keeps it. */
  private offer(queue: MessageQueue, message: QueuedMessage): void {
    const waiter = queue.pops.first;
    if (!waiter) return queue.keep(message);
    this.pops.leave(queue, queue.pops, waiter);
    waiter.resolve(this.hand(queue, message));
  }

  private hand(queue: MessageQueue, message: QueuedMessage): Delivery {
    queue.taken.add(message.size);
    queue.session.operations++;
    this.settle(queue);
    return new TakenMessage(this.desk, queue, message);
  }

  private wait(queue: MessageQueue, wait: StoreWait): Promise<Delivery | undefined> {
    try {
      const waiter = this.pops.enter(queue, queue.pops, wait, (waiter, reason) => {
        this.pops.leave(queue, queue.pops, waiter);
        if (reason) waiter.reject(reason);
        else waiter.resolve(undefined);
        this.settle(queue);
      });
      return waiter.end;
    } finally {
      this.settle(queue);
    }
  }

  private confirm(queue: MessageQueue, { size }: QueuedMessage): void {
    queue.taken.subtract(size);
    queue.session.operations--;
    this.gate.free(queue, size);
    this.settle(queue);
  }

  private takeBack(queue: MessageQueue, message: QueuedMessage): void {
    if (queue.detached) return this.confirm(queue, message);
    queue.taken.subtract(message.size);
    queue.session.operations--;
    this.offer(queue, message);
    this.settle(queue);
  }

  private releaseAll(session: Session<MessageQueue>): void {
    this.sessions.remove(session);
    this.drop(session.queues, 'the session was released');
  }

  /** Drops queues with what is in them, and ends what waits there. */
  private drop(queues: Iterable<MessageQueue>, why: string): void {
    const error = new MeshError(MeshCode.SESSION_RELEASED, why);
    for (const queue of queues) {
      this.detach(queue);
      this.gate.drop(queue, error);
      this.pops.leaveAll(queue, queue.pops, (waiter) => waiter.reject(error));
    }
    this.gate.letIn();
  }

  private detach(queue: MessageQueue): void {
    queue.detached = true;
    queue.session.queues.remove(queue);
    this.queues--;
  }

  /** Brings order after something happened to a queue: it goes when it is not used, and its session may be idle now. */
  private settle(queue: MessageQueue): void {
    if (queue.isUnused && !queue.detached) this.detach(queue);
    this.sessions.touch(queue.session);
  }
}
