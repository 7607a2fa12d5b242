import type { Delivery, SessionMessage } from '../store.js';
import { LinkedList, ListItem } from '../../collections/linked-list.js';
import { QueuedMessage } from './queued-message.js';
import { ReturnedMessages } from './returned-messages.js';
import type { Session } from './session.js';
import { Tally } from './tally.js';
import type { Waiter } from './waiter.js';
import type { WaitingPush } from './waiting-push.js';

/** The queue of one topic in one session. It is there only while it holds something, or something waits for it. */
export class MessageQueue extends ListItem {
  /** What has been accepted and not confirmed. */
  readonly held = new Tally();
  /** The part of it that has been taken. */
  readonly taken = new Tally();
  /** Pops that wait for a message. While there are any, there is no message to take. */
  readonly pops = new LinkedList<Waiter<Delivery | undefined>>();
  /** Pushes that wait for room. */
  readonly pushes = new LinkedList<WaitingPush>();
  /** Whether it is in its session no more: then what comes back to it is dropped. */
  detached = false;
  /** What was never taken. All of it came after everything in `returned`, since messages are taken from the head. */
  private readonly fresh = new LinkedList<QueuedMessage>();
  private readonly returned = new ReturnedMessages();
  private places = 0;

  constructor(
    readonly session: Session<MessageQueue>,
    readonly topic: string,
  ) {
    super();
  }

  /** Whether there is no reason to keep it. */
  get isUnused(): boolean {
    return this.held.messages === 0 && this.pops.size === 0 && this.pushes.size === 0;
  }

  /** The message that is taken next. */
  get first(): QueuedMessage | undefined {
    return this.returned.first ?? this.fresh.first;
  }

  /** Gives a message that is accepted the last place. */
  accept(message: SessionMessage, size: number): QueuedMessage {
    this.held.add(size);
    return new QueuedMessage(message, size, this.places++);
  }

  /** Puts a message where it belongs by its place: one just accepted, or one that was taken and comes back. */
  keep(message: QueuedMessage): void {
    message.keep();
    // When the last one comes back, all the others have been taken: nothing is in `fresh`.
    if (message.place === this.places - 1) this.fresh.append(message);
    else this.returned.push(message);
  }

  /** Takes the message at the head out. */
  shift(): QueuedMessage | undefined {
    return this.returned.shift() ?? this.fresh.shift();
  }
}
