import type { MeshError } from '../errors/mesh-error.js';

interface Sender {
  readonly resolve: () => void;
  readonly reject: (error: MeshError) => void;
}

/** Those who have sent a message and wait until the next may follow. */
export class Senders {
  private waiting: Sender[] = [];

  /** Waits until there is room, or until nothing can be sent any more. */
  wait(): Promise<void> {
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /** There is room. */
  release(): void {
    for (const { resolve } of this.waiting.splice(0)) resolve();
  }

  /** Nothing can be sent any more. */
  fail(error: MeshError): void {
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }
}

/** The answer to a message after which the next may be sent at once. */
export const ready: Promise<void> = Promise.resolve();
