import { Observable, type Subscriber } from 'rxjs';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { endingOf, type Ending } from './ending.js';
import { popReader, type TakeNext } from './message-reader.js';
import { ReceivedMessage } from './received-message.js';
import type { Carried, MessageReader } from './topic-carrier.js';

export type { TakeNext } from './message-reader.js';

/**
 * The messages of a topic as an Observable. It asks for the next message only while fewer than `prefetch` of those emitted
 * wait to be taken, which reading their payload does. It completes when the topic or the session is released, or the other side's
 * stream is complete; fails with what a pop, or the other side's stream, fails with; and gives back what is not taken when it
 * fails or is unsubscribed from.
 */
export function messagesOf(open: () => MessageReader, prefetch: number): Observable<ReceivedMessage> {
  return new Observable((subscriber) => {
    const pump = new Pump(open(), prefetch, subscriber);
    void pump.run();
    return () => pump.stop();
  });
}

/** The same, of messages that are taken one at a time. */
export function messageSource(take: TakeNext, prefetch: number): Observable<ReceivedMessage> {
  return messagesOf(() => popReader(take), prefetch);
}

class Pump {
  private readonly waiting = new Set<ReceivedMessage>();
  private wake: (() => void) | undefined;
  private emitting: ReceivedMessage | undefined;

  constructor(
    private readonly reader: MessageReader,
    private readonly prefetch: number,
    private readonly subscriber: Subscriber<ReceivedMessage>,
  ) {}

  async run(): Promise<void> {
    try {
      while (!this.subscriber.closed) await this.step();
    } catch (error) {
      if (this.subscriber.closed) return;
      if (error instanceof MeshError && error.code === MeshCode.SESSION_RELEASED) this.subscriber.complete();
      else this.subscriber.error(error);
    }
  }

  stop(): void {
    // Who unsubscribes upon a message, as firstValueFrom does, has it.
    this.emitting?.take();
    this.reader.close();
    this.wake?.();
    // The last first, so that they stand in their old order.
    for (const message of [...this.waiting].toReversed()) message.giveBack();
    this.waiting.clear();
  }

  private async step(): Promise<void> {
    if (this.waiting.size >= this.prefetch) return new Promise((resolve) => (this.wake = resolve));
    const carried = await this.reader.next();
    if (!carried) return;
    if (this.subscriber.closed) return carried.settle('lost');
    const ending = endingOf(carried);
    if (ending) return this.finish(carried, ending);
    const message = new ReceivedMessage(carried, this.onTaken);
    this.emitting = message;
    this.waiting.add(message);
    this.subscriber.next(message);
    this.emitting = undefined;
  }

  /** Whom a stream is complete for has all of it, read or not: nobody else is to read the rest. */
  private finish(carried: Carried, ending: Ending): void {
    carried.settle('delivered');
    if (ending !== 'completed') return this.subscriber.error(ending);
    for (const message of this.waiting) message.take();
    this.subscriber.complete();
  }

  private readonly onTaken = (message: ReceivedMessage): void => {
    this.waiting.delete(message);
    this.wake?.();
  };
}
