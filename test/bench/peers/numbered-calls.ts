import type { Call } from '../peer.js';
import type { OnFrame } from './frames.js';

/** Calls under way on one connection, each with a number that its answer bears, too. */
export class NumberedCalls {
  private readonly waiting = new Map<number, (length: number) => void>();
  private last = 0;

  /** Makes calls that send this body. */
  prepare(body: Buffer, send: OnFrame): Call {
    return () =>
      new Promise((resolve) => {
        this.last = (this.last + 1) >>> 0;
        this.waiting.set(this.last, resolve);
        send(this.last, body);
      });
  }

  readonly answer: OnFrame = (id, body) => {
    const resolve = this.waiting.get(id);
    if (!resolve) return;
    this.waiting.delete(id);
    resolve(body.length);
  };
}
