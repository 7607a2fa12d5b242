import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';

/** Bounds of {@link pushTo}. */
export interface PushBounds {
  /** Most messages that wait while one is being pushed. */
  readonly maxMessages: number;
  /** Most bytes that wait while one is being pushed. */
  readonly maxBytes: number;
}

/** Pushes one message. */
export type PushOne = (payload: Uint8Array, signal: AbortSignal) => Promise<void>;

/**
 * Pushes every value of an Observable, one after the other, and emits each once it was accepted. An Observable cannot be made
 * to wait, so what it emits meanwhile waits here; beyond the bounds the stream fails with E0000000700.
 */
export function pushOperator(push: PushOne, bounds: PushBounds): OperatorFunction<Uint8Array, Uint8Array> {
  return (source) =>
    new Observable((subscriber) => {
      const sender = new Sender(push, bounds, subscriber);
      const subscription = source.subscribe({
        next: (payload) => sender.add(payload),
        error: (error: unknown) => subscriber.error(error),
        complete: () => sender.complete(),
      });
      return () => {
        subscription.unsubscribe();
        sender.stop();
      };
    });
}

class Sender {
  private readonly caller = new AbortController();
  private readonly queue: Uint8Array[] = [];
  private bytes = 0;
  private sending = false;
  private completed = false;

  constructor(
    private readonly push: PushOne,
    private readonly bounds: PushBounds,
    private readonly subscriber: Subscriber<Uint8Array>,
  ) {}

  add(payload: Uint8Array): void {
    const { maxMessages, maxBytes } = this.bounds;
    if (this.sending && (this.queue.length >= maxMessages || this.bytes + payload.byteLength > maxBytes)) {
      const message = `more than ${maxMessages} messages or ${maxBytes} bytes wait to be pushed: the source is faster than the session`;
      return this.subscriber.error(new MeshError(MeshCode.BUFFER_FULL, message));
    }
    this.queue.push(payload);
    this.bytes += payload.byteLength;
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
        this.bytes -= next.byteLength;
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
