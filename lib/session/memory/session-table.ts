import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { LinkedList } from '../../collections/linked-list.js';
import type { MessageQueue } from './message-queue.js';
import { Session } from './session.js';

/** Most sessions that expire at once; the others follow as soon as others had their turn. */
const EXPIRED_AT_ONCE = 1_000;

/** What a {@link SessionTable} is told. */
export interface SessionTableOptions {
  readonly maxSessions: number;
  readonly idleTimeoutMs: number;
  /** Drops what a session holds: it has expired. */
  readonly expire: (session: Session<MessageQueue>) => void;
}

/**
 * The sessions by their ids. Those without operations stand in the order in which they became idle, so that the next to expire is
 * always the first; one timer watches it. Those that hold messages stand apart: they do not give way to new sessions.
 */
export class SessionTable {
  private readonly sessions = new Map<string, Session<MessageQueue>>();
  private readonly empty = new LinkedList<Session<MessageQueue>>();
  private readonly holding = new LinkedList<Session<MessageQueue>>();
  private serials = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: SessionTableOptions) {}

  /** How many sessions there are. */
  get size(): number {
    return this.sessions.size;
  }

  /** The session of an id, when there is one. */
  find(id: string): Session<MessageQueue> | undefined {
    return this.sessions.get(id);
  }

  /**
   * The session of an id; a new one when there is none.
   *
   * @throws MeshError E0000000700 when there are too many, and none of them is idle and empty
   */
  open(id: string): Session<MessageQueue> {
    return this.sessions.get(id) ?? this.begin(id);
  }

  /** Notes that an operation on a session has happened: without others under way, it is idle from now on. */
  touch(session: Session<MessageQueue>): void {
    if (session.ended) return;
    this.leaveList(session);
    if (session.operations > 0) return;
    session.idleSince = performance.now();
    (session.queues.size > 0 ? this.holding : this.empty).append(session);
    this.timer ??= this.startTimer(this.options.idleTimeoutMs);
  }

  /** Ends a session. */
  remove(session: Session<MessageQueue>): void {
    session.ended = true;
    this.sessions.delete(session.id);
    this.leaveList(session);
  }

  /** All sessions. */
  all(): readonly Session<MessageQueue>[] {
    return [...this.sessions.values()];
  }

  /** Stops the timer. */
  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private begin(id: string): Session<MessageQueue> {
    if (this.sessions.size >= this.options.maxSessions) this.giveWay();
    const session = new Session<MessageQueue>(id, ++this.serials);
    this.sessions.set(id, session);
    this.touch(session);
    return session;
  }

  private giveWay(): void {
    const { first } = this.empty;
    if (first) return this.remove(first);
    const message = `there is no room for another session: all ${this.sessions.size} are in use`;
    throw new MeshError(MeshCode.BUFFER_FULL, message);
  }

  private leaveList(session: Session<MessageQueue>): void {
    this.empty.remove(session);
    this.holding.remove(session);
  }

  private startTimer(afterMs: number): NodeJS.Timeout {
    return setTimeout(() => this.sweep(), Math.max(1, Math.ceil(afterMs))).unref();
  }

  private sweep(): void {
    const now = performance.now();
    for (let left = EXPIRED_AT_ONCE; left > 0; left--) {
      const oldest = this.oldest();
      if (!oldest || this.expiry(oldest) > now) break;
      this.remove(oldest);
      this.options.expire(oldest);
    }
    const next = this.oldest();
    this.timer = next && this.startTimer(this.expiry(next) - now);
  }

  private oldest(): Session<MessageQueue> | undefined {
    const [empty, holding] = [this.empty.first, this.holding.first];
    if (!empty || !holding) return empty ?? holding;
    return empty.idleSince < holding.idleSince ? empty : holding;
  }

  private expiry(session: Session<MessageQueue>): number {
    return session.idleSince + this.options.idleTimeoutMs;
  }
}
