import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { InboundStream } from '../../transport/transport.js';

/** A message on its way, and its sender, who waits to send the next. */
interface Outgoing {
  readonly message: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: MeshError) => void;
}

type Reading = IteratorResult<Uint8Array, undefined>;

interface Reader {
  readonly resolve: (result: Reading) => void;
  readonly reject: (error: unknown) => void;
}

const done: Reading = Object.freeze({ value: undefined, done: true });

/**
 * What the handler of a stream sends, on its way back through middleware. Its sender waits until the reader has done with a message
 * and asks for the next; where no middleware reads, it goes {@link straight} to the caller.
 */
export class OutgoingMessages implements AsyncIterableIterator<Uint8Array, undefined> {
  private readonly waiting: Outgoing[] = [];
  /** Handed to the reader, who has not asked for more yet. */
  private taken: Outgoing[] = [];
  private readonly readers: Reader[] = [];
  /** How the handler ended it. */
  private ending: { readonly failure: unknown } | undefined;
  /** Why the reader wants no more. */
  private left: MeshError | undefined;
  private caller: Pick<InboundStream, 'send'> | undefined;
  private tellEnd: (() => void) | undefined;

  /** @param onLeft told when the reader wants no more, before the handler has ended */
  constructor(
    private readonly path: string,
    private readonly onLeft: (reason: MeshError) => void,
  ) {}

  /** Sends a message. Resolves when the next may be sent. */
  send(message: Uint8Array): Promise<void> {
    if (this.ending) return Promise.reject(cancelled(`the stream to '${this.path}' was ended`));
    if (this.left) return Promise.reject(this.left);
    if (this.caller) return this.caller.send(message);
    return new Promise((resolve, reject) => {
      this.waiting.push({ message, resolve, reject });
      this.serveReader();
    });
  }

  /** The handler has said its last; the reader sees the failure after what was sent. Only the first end counts. */
  end(ending?: { readonly failure: unknown }): void {
    if (this.ending) return;
    this.ending = ending ?? { failure: undefined };
    this.serveReader();
    this.tellEnd?.();
  }

  /** Lets everything go to the caller as it is sent. Resolves when the handler has said its last, rejects with its failure. */
  async straight(caller: Pick<InboundStream, 'send'>): Promise<void> {
    this.caller = caller;
    this.release();
    for (const { message, resolve, reject } of this.waiting.splice(0)) caller.send(message).then(resolve, reject);
    if (!this.ending) await new Promise<void>((resolve) => (this.tellEnd = resolve));
    if (this.ending?.failure !== undefined) throw this.ending.failure;
  }

  /**
   * Tells the sender of what was taken last that it could not be sent.
   * @returns whether there was one
   */
  refuse(error: MeshError): 'told' | 'nobody' {
    const last = this.taken.pop();
    last?.reject(error);
    return last ? 'told' : 'nobody';
  }

  /** Nothing is read any more. */
  leave(reason: MeshError): void {
    if (this.left) return;
    this.left = reason;
    this.release();
    for (const { reject } of this.waiting.splice(0)) reject(reason);
    for (const { resolve } of this.readers.splice(0)) resolve(done);
    if (!this.ending) this.onLeft(reason);
  }

  next(): Promise<Reading> {
    this.release();
    return new Promise((resolve, reject) => {
      this.readers.push({ resolve, reject });
      this.serveReader();
    });
  }

  return(): Promise<Reading> {
    this.leave(cancelled(`the stream to '${this.path}' is no longer read`));
    return Promise.resolve(done);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The reader has done with what it took. */
  private release(): void {
    for (const { resolve } of this.taken.splice(0)) resolve();
  }

  private serveReader(): void {
    while (this.readers.length > 0) {
      const outgoing = this.waiting.shift();
      if (!outgoing && !this.ending && !this.left) return;
      const reader = this.readers.shift()!;
      if (outgoing) {
        this.taken.push(outgoing);
        reader.resolve({ value: outgoing.message, done: false });
      } else if (!this.left && this.ending?.failure !== undefined) reader.reject(this.ending.failure);
      else reader.resolve(done);
    }
  }
}

function cancelled(message: string): MeshError {
  return new MeshError(MeshCode.CANCELLED, message);
}
