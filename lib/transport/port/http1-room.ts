import type { Socket } from 'node:net';

/** Room for the requests on a connection that `node:http` reads: while they take more, nothing is read from it. */
export class Http1Room {
  private heldBytes = 0;
  private full = false;
  private fullUntil = -Infinity;

  constructor(
    private readonly socket: Socket,
    private readonly maxBytes: number,
  ) {}

  /** Whether nothing was read at any time within the last so many ms. */
  wasFullWithin(ms: number): boolean {
    return this.full || Date.now() - this.fullUntil < ms;
  }

  /** So many bytes more are held; below zero, so many fewer. */
  hold(bytes: number): void {
    this.heldBytes += bytes;
    const full = this.heldBytes > this.maxBytes;
    if (full === this.full) return;
    this.full = full;
    if (full) return void this.socket.on('resume', this.stay).pause();
    this.fullUntil = Date.now();
    this.socket.off('resume', this.stay).resume();
  }

  /** `node:http` lets a connection flow again behind each request that is complete. */
  private readonly stay = (): void => void this.socket.pause();
}
