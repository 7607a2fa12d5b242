import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';

/** Bounds of what waits to be pushed. */
export interface PushBounds {
  /** Most messages that wait while one is being pushed. */
  readonly maxMessages: number;
  /** Most bytes that wait while one is being pushed. */
  readonly maxBytes: number;
}

/** Pushes one value: a message, or what becomes several. */
export type PushOne<T> = (value: T, signal: AbortSignal) => Promise<void>;

/** The bytes that a value takes up while it waits. */
export type SizeOf<T> = (value: T) => number;

/**
 * Pushes every value of an Observable, one after the other, and emits each once it was accepted. An Observable cannot be made
 * to wait, so what it emits meanwhile waits here; beyond the bounds the stream fails with E0000000700.
 */
export function pushOperator<T extends object>(
  push: PushOne<T>,
  bounds: PushBounds,
  sizeOf: SizeOf<T>,
): OperatorFunction<T, T> {
  return (source) =>
    new Observable((subscriber) => {
      const sender = new Sender(push, bounds, sizeOf, subscriber);
      const subscription = source.subscribe({
        next: (value) => sender.add(value),
        error: (error: unknown) => subscriber.error(error),
        complete: () => sender.complete(),
      });
      return () => {
        subscription.unsubscribe();
        sender.stop();
      };
    });
}

class Sender<T extends object> {
  private readonly caller = new AbortController();
  private readonly queue: T[] = [];
  private bytes = 0;
  private sending = false;
  private completed = false;

  constructor(
    private readonly push: PushOne<T>,
    private readonly bounds: PushBounds,
    private readonly sizeOf: SizeOf<T>,
    private readonly subscriber: Subscriber<T>,
  ) {}

  add(value: T): void {
    const size = this.sizeOf(value);
    const { maxMessages, maxBytes } = this.bounds;
    if (this.sending && (this.queue.length >= maxMessages || this.bytes + size > maxBytes)) {
      const message = `more than ${maxMessages} messages or ${maxBytes} bytes wait to be pushed: the source is faster than the session`;
      return this.subscriber.error(new MeshError(MeshCode.BUFFER_FULL, message));
    }
    this.queue.push(value);
    this.bytes += size;
    if (!this.sending) void this.send();
  }

  complete(): void {
    this.completed = true;
    if (!this.sending) this.subscriber.complete();
  }

  stop(): void {
    this.caller.abort();
    this.queue.length = 0;
  }

  private async send(): Promise<void> {
    this.sending = true;
    try {
      for (let next = this.queue.shift(); next && !this.subscriber.closed; next = this.queue.shift()) {
        this.bytes -= this.sizeOf(next);
        await this.push(next, this.caller.signal);
        this.subscriber.next(next);
      }
    } catch (error) {
      if (!this.subscriber.closed) this.subscriber.error(error);
    } finally {
      this.sending = false;
    }
    if (this.completed) this.subscriber.complete();
  }
}
