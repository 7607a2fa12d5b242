import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import type { SessionMessage, StoreWait } from '../store.js';
import { LinkedList } from '../../collections/linked-list.js';
import type { MessageQueue } from './message-queue.js';
import { ownPayload } from './own-payload.js';
import type { QueuedMessage } from './queued-message.js';
import { RecentIds } from './recent-ids.js';
import { type Bounds, Tally } from './tally.js';
import { WaitingPush } from './waiting-push.js';
import { WaitingRoom } from './waiting-room.js';

/** What a {@link PushGate} tells. */
export interface PushGateEvents {
  /** A message was accepted: it belongs to a waiting pop, or in the queue. */
  accepted(queue: MessageQueue, message: QueuedMessage): void;
  /** Something happened to a queue that nobody else knows of. */
  settled(queue: MessageQueue): void;
}

/**
 * Lets pushed messages in: within the bounds, each of them once, and in the order in which they came. Pushes for which there is no
 * room stand in the line of their queue. The queues whose first push waits for nothing but room in all stand in a line, too.
 */
export class PushGate {
  /** What all queues hold, with what was taken from them and is not confirmed. */
  readonly held = new Tally();
  private readonly queueBounds: Bounds;
  private readonly callers: WaitingRoom;
  private readonly turns = new LinkedList<MessageQueue>();
  /** The pushes that wait, by their ids. */
  private readonly waiting = new Map<string, WaitingPush>();
  /** The ids of those that were accepted. */
  private readonly ids: RecentIds;
  private waitingBytes = 0;

  constructor(
    private readonly options: ResolvedMeshOptions['sessions'],
    private readonly events: PushGateEvents,
  ) {
    this.queueBounds = { maxMessages: options.maxQueueMessages, maxBytes: options.maxQueueBytes };
    this.callers = new WaitingRoom(options.maxWaiting);
    this.ids = new RecentIds(options.repeatWindowMs, options.maxRememberedIds);
  }

  /**
   * Lets a message in.
   *
   * @returns `undefined` when that has happened, or had already; else the end of the wait for it
   * @throws MeshError E0000000700 when it can neither enter nor wait
   */
  push(queue: MessageQueue, message: SessionMessage, size: number, wait: StoreWait): Promise<void> | undefined {
    const id = repeatId(queue, message);
    if (id !== '' && this.ids.has(id)) return undefined;
    const same = this.waiting.get(id);
    if (same) return this.join(queue, same, wait);
    if (!this.isOpen(queue, size)) return this.lineUp(queue, new WaitingPush(ownPayload(message), size, id), wait);
    this.accept(queue, message, size, id);
    return undefined;
  }

  /** Frees the room of a message that is gone, and lets in who waits for it. */
  free(queue: MessageQueue, size: number): void {
    queue.held.subtract(size);
    this.held.subtract(size);
    this.advance(queue);
    this.letIn();
  }

  /** Frees the room of what a queue holds, except for what was taken from it, and ends the pushes that wait there. */
  drop(queue: MessageQueue, error: MeshError): void {
    this.held.subtractAll(queue.held);
    this.held.addAll(queue.taken);
    for (let push = queue.pushes.first; push; push = queue.pushes.first) {
      this.leaveLine(queue, push);
      this.callers.leaveAll(queue, push.callers, (caller) => caller.reject(error));
    }
    this.turns.remove(queue);
  }

  /** Lets in, in their order, those for whom there is room. */
  letIn(): void {
    for (let queue = this.turns.first; queue; queue = this.turns.first) {
      const push = queue.pushes.first;
      if (!push || !this.held.fits(push.size, this.options)) return;
      this.turns.remove(queue);
      this.leaveLine(queue, push);
      this.callers.leaveAll(queue, push.callers, (caller) => caller.resolve());
      this.accept(queue, push.message, push.size, push.id);
      this.advance(queue);
      this.events.settled(queue);
    }
  }

  /** Forgets which messages were accepted. */
  close(): void {
    this.ids.clear();
  }

  /** Whether a message may enter at once: it fits, and nobody has a right to enter before it. */
  private isOpen(queue: MessageQueue, size: number): boolean {
    if (queue.pushes.size > 0 || this.turns.size > 0) return false;
    return queue.held.fits(size, this.queueBounds) && this.held.fits(size, this.options);
  }

  private accept(queue: MessageQueue, message: SessionMessage, size: number, id: string): void {
    this.held.add(size);
    if (id !== '') this.ids.add(id);
    this.events.accepted(queue, queue.accept(message, size));
  }

  private lineUp(queue: MessageQueue, push: WaitingPush, wait: StoreWait): Promise<void> {
    const crowded = this.waitingBytes > 0 && this.waitingBytes + push.size > this.options.maxWaitingBytes;
    if (this.options.whenFull === 'fail' || crowded) throw noRoom();
    const end = this.join(queue, push, wait);
    queue.pushes.append(push);
    this.waitingBytes += push.size;
    if (push.id !== '') this.waiting.set(push.id, push);
    this.advance(queue);
    return end;
  }

  private join(queue: MessageQueue, push: WaitingPush, wait: StoreWait): Promise<void> {
    if (wait.deadline <= Date.now()) throw noRoom();
    const caller = this.callers.enter(queue, push.callers, wait, (caller, reason) => {
      this.callers.leave(queue, push.callers, caller);
      caller.reject(reason ?? noRoom());
      if (push.callers.size === 0) this.withdraw(queue, push);
      this.events.settled(queue);
    });
    return caller.end;
  }

  /** A push that nobody waits for any more makes room for those behind it. */
  private withdraw(queue: MessageQueue, push: WaitingPush): void {
    this.leaveLine(queue, push);
    this.advance(queue);
    this.letIn();
  }

  private leaveLine(queue: MessageQueue, push: WaitingPush): void {
    queue.pushes.remove(push);
    this.waitingBytes -= push.size;
    if (push.id !== '') this.waiting.delete(push.id);
  }

  /** Puts a queue in line as soon as its first push waits for nothing but room in all. */
  private advance(queue: MessageQueue): void {
    const push = queue.pushes.first;
    if (!push || !queue.held.fits(push.size, this.queueBounds)) this.turns.remove(queue);
    else if (!this.turns.has(queue)) this.turns.append(queue);
  }
}

/** By what a repeated push is recognised: a session that was opened anew knows none of those before it. Empty: by nothing. */
function repeatId({ session, topic }: MessageQueue, { id }: SessionMessage): string {
  if (id === '') return '';
  // What is joined is one piece of memory; a template would stay a tree of its parts, several times as large.
  return [session.serial, topic.length, topic, id].join(':');
}

function noRoom(): MeshError {
  return new MeshError(MeshCode.BUFFER_FULL, 'there is no room for the message: the queue or the store is full');
}
