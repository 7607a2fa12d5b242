import { Observable, type Subscriber } from 'rxjs';
import type { MeshContext } from '../../context/mesh-context.js';
import type { ReceivedMessage } from '../../session/handle/received-message.js';

/** What an {@link Inbound} tells. */
export interface InboundEvents {
  /** A message arrived at a reader. */
  arrived(): void;
  /** The last reader is gone. */
  left(): void;
  /** The messages have failed. Says what becomes of the reader. */
  failed(error: unknown): 'fail' | 'complete';
}

/**
 * What a handler reads. Each subscription is a reader of its own, as of `MeshSession.messages()`; all are complete when the stream
 * ends. What is below a reader runs in the context of the stream.
 */
export class Inbound {
  readonly messages: Observable<ReceivedMessage>;
  private readonly readers = new Set<Subscriber<ReceivedMessage>>();
  private state: 'open' | 'closed' = 'open';
  private wasRead = false;

  constructor(
    private readonly source: Observable<ReceivedMessage>,
    private readonly context: MeshContext,
    private readonly events: InboundEvents,
  ) {
    this.messages = new Observable((subscriber) => this.read(subscriber));
  }

  /** Whether somebody reads. */
  get isRead(): boolean {
    return this.readers.size > 0;
  }

  /** Whether nobody reads any more: those who did have left, or there is nothing more to read. */
  get isLeft(): boolean {
    return (this.wasRead || this.state === 'closed') && !this.isRead;
  }

  /** Completes all readers, those to come as well. */
  close(): void {
    this.state = 'closed';
    for (const reader of this.readers) reader.complete();
  }

  private read(subscriber: Subscriber<ReceivedMessage>): (() => void) | undefined {
    if (this.state === 'closed') {
      subscriber.complete();
      return undefined;
    }
    this.wasRead = true;
    this.readers.add(subscriber);
    const subscription = this.context.run(() =>
      this.source.subscribe({
        next: (message) => {
          this.events.arrived();
          subscriber.next(message);
        },
        error: (error: unknown) => {
          if (this.events.failed(error) === 'fail') subscriber.error(error);
          else subscriber.complete();
        },
        complete: () => subscriber.complete(),
      }),
    );
    return () => {
      subscription.unsubscribe();
      if (this.readers.delete(subscriber) && !this.isRead) this.events.left();
    };
  }
}
