import type { Http2Session } from 'node:http2';

/** When a silent connection is asked whether it is still there, and how long it may take to answer. */
export interface KeepaliveTiming {
  /** Silence before a ping, in ms. */
  readonly keepaliveTimeMs: number;
  /** Time to answer a ping, in ms. */
  readonly keepaliveTimeoutMs: number;
}

/**
 * Pings a connection that has been silent while somebody waits for it, and destroys it when it does not answer. Silence is
 * seen by looking at the socket's count of bytes now and then, so that traffic costs nothing.
 */
export class Keepalive {
  private readonly timer: NodeJS.Timeout;
  private readonly looksUntilPing = 2;
  private answerTimer: NodeJS.Timeout | undefined;
  private bytesSeen = 0;
  private silentLooks = 0;

  /** @param awaited whether somebody waits for this connection; it is left alone when not */
  constructor(
    private readonly session: Http2Session,
    private readonly timing: KeepaliveTiming,
    private readonly awaited: () => boolean,
  ) {
    this.timer = setInterval(() => this.look(), Math.max(1, timing.keepaliveTimeMs / this.looksUntilPing)).unref();
    session.once('close', () => this.stop());
  }

  private look(): void {
    if (this.session.destroyed) return this.stop();
    const bytes = this.session.socket.bytesRead;
    if (bytes !== this.bytesSeen || !this.awaited()) {
      this.bytesSeen = bytes;
      this.silentLooks = 0;
    } else if (++this.silentLooks >= this.looksUntilPing && !this.answerTimer) {
      this.silentLooks = 0;
      this.ping();
    }
  }

  private ping(): void {
    const { keepaliveTimeoutMs } = this.timing;
    this.answerTimer = setTimeout(() => {
      this.session.destroy(new Error(`no answer to a ping within ${keepaliveTimeoutMs} ms`));
    }, keepaliveTimeoutMs).unref();
    this.session.ping(() => {
      clearTimeout(this.answerTimer);
      this.answerTimer = undefined;
    });
  }

  private stop(): void {
    clearInterval(this.timer);
    clearTimeout(this.answerTimer);
  }
}
