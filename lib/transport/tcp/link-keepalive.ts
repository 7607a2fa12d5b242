/** When a silent connection is asked whether it is still there, and how long it may take to answer. */
export interface LinkKeepaliveTiming {
  /** Silence before a ping, in ms. */
  readonly keepaliveTimeMs: number;
  /** Time to answer a ping, in ms. */
  readonly keepaliveTimeoutMs: number;
}

/** A connection that can be asked whether it is still there. */
export interface Pingable {
  readonly bytesRead: number;
  /** Somebody waits for it. */
  readonly awaited: boolean;
  ping(answered: () => void): void;
  destroy(): void;
}

/** Pings a connection that has been silent while somebody waits for it, and destroys it when it does not answer. */
export class LinkKeepalive {
  private readonly timer: NodeJS.Timeout;
  private answerTimer: NodeJS.Timeout | undefined;
  private bytesSeen = 0;
  private silentLooks = 0;

  constructor(
    private readonly link: Pingable,
    private readonly timing: LinkKeepaliveTiming,
  ) {
    this.timer = setInterval(() => this.look(), Math.max(1, timing.keepaliveTimeMs / 2)).unref();
  }

  /** Asks no more. */
  stop(): void {
    clearInterval(this.timer);
    clearTimeout(this.answerTimer);
  }

  private look(): void {
    const { bytesRead, awaited } = this.link;
    if (bytesRead !== this.bytesSeen || !awaited) {
      this.bytesSeen = bytesRead;
      this.silentLooks = 0;
    } else if (++this.silentLooks >= 2 && !this.answerTimer) this.ask();
  }

  private ask(): void {
    this.silentLooks = 0;
    this.answerTimer = setTimeout(() => this.link.destroy(), this.timing.keepaliveTimeoutMs).unref();
    this.link.ping(() => {
      clearTimeout(this.answerTimer);
      this.answerTimer = undefined;
    });
  }
}
