import type { Cancellation } from '../context/cancellation.js';
import { defineFamily } from '../kernel/extension-family.js';

/** Names a queue: each (session, topic) has one of its own. An absent topic is the empty string. */
export interface QueueKey {
  readonly session: string;
  readonly topic: string;
}

/** A message in a queue. */
export interface SessionMessage {
  readonly payload: Uint8Array;
  /** What travels beside the payload. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Id that the pusher gave it, by which a repeated push is recognised; empty when it gave none. */
  readonly id: string;
}

/**
 * A message taken from the head of a queue, and not yet delivered. One of the two must be called; until then nobody else
 * gets it, it takes up room, and its session does not expire. Only the first call counts. Where the queue was released meanwhile,
 * both do the same: the message is gone.
 */
export interface Delivery {
  readonly message: SessionMessage;
  /** It arrived: the message is gone for good. */
  confirm(): void;
  /** It did not arrive: the message goes back to where it was, before those behind it, or to a pop that waits. */
  giveBack(): void;
}

/** How long an operation may wait. */
export interface StoreWait {
  /** Until when: ms since the epoch. */
  readonly deadline: number;
  /** Ends the wait; the operation then rejects with its reason, and has changed nothing. */
  readonly cancellation: Cancellation;
}

/** What a store holds at the moment, for metrics. */
export interface StoreStats {
  readonly sessions: number;
  /** Queues that hold something, or for which something waits. */
  readonly queues: number;
  /** Messages accepted and not yet delivered, with those that are taken but not confirmed. */
  readonly messages: number;
  /** Bytes of these messages. */
  readonly bytes: number;
  /** Pops that wait for a message. */
  readonly waiting: number;
}

/**
 * Holds the queues of sessions (standard, session API): first in, first out, for each (session, topic). A session begins
 * with its first push, or the first pop that waits, and expires when it is idle. The store is bounded in messages and bytes, for
 * each queue and in all.
 *
 * Every operation throws a MeshError E0000000400 when the session id is missing or a name is too long, and E0000000607 when the
 * store is closed.
 */
export interface SessionStore {
  /**
   * Appends a message. A message whose id was accepted within the window of repetition, into the same queue since the session
   * began, is accepted again and not stored; while the first still waits for room, both end alike.
   * At a bound it fails at once, or waits until there is room, as configured.
   *
   * @throws MeshError E0000000700 when there is no room until the deadline, or too many wait or too many sessions are in use;
   * E0000000413 when there can never be room for it; E0000000608 when the queue was released while it waited
   */
  push(key: QueueKey, message: SessionMessage, wait: StoreWait): Promise<void>;
  /**
   * Takes the head, waiting for one until the deadline. Pops that wait on one queue are served in the order in which they came.
   *
   * @returns `undefined` when the deadline passed without a message
   * @throws MeshError E0000000608 when the queue was released while it waited, E0000000700 when too many wait or too many
   * sessions are in use
   */
  pop(key: QueueKey, wait: StoreWait): Promise<Delivery | undefined>;
  /** The head, which stays where it is; `undefined` when the queue is empty. What was taken and not given back is not seen. */
  peek(key: QueueKey): Promise<SessionMessage | undefined>;
  /**
   * Drops what is unread and ends the operations that wait with E0000000608: of one topic, or of the whole session when the
   * topic is empty. The same id may be used anew at once. What was not there is released, too.
   */
  release(key: QueueKey): Promise<void>;
  stats(): StoreStats;
  /** Releases every session, and takes no operation any more. May be called again. */
  close(): Promise<void>;
}

/** The family of session stores. The default is `memory`. */
export const SESSION_STORE = defineFamily<SessionStore>('session-store', 'memory');
