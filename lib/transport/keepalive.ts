/** When a silent connection is asked whether it is still there, and how long it may take to answer. */
export interface KeepaliveTiming {
  /** Silence before a ping, in ms. */
  readonly keepaliveTimeMs: number;
  /** Time to answer a ping, in ms. */
  readonly keepaliveTimeoutMs: number;
  /** What the peer puts up with. Default: a ping whenever it was silent for `keepaliveTimeMs`. */
  readonly patience?: Patience;
}

/** How many pings a peer puts up with that has nothing to say itself. */
export interface Patience {
  /** Pings with no other traffic between them. */
  readonly pings: number;
  /** More of them follow no sooner than so long after one another, in ms. */
  readonly thenEveryMs: number;
}

/** A connection that can be asked whether it is still there. */
export interface Pingable {
  /** Grows with what the peer gives a sign of: the bytes received so far. */
  readonly bytesRead: number;
  /** Whether somebody waits for the peer; the connection is left alone when not. */
  readonly awaited: boolean;
  /** Asks. @param answered told when the peer has answered */
  ping(answered: () => void): void;
  /** The peer has not answered. */
  giveUp(why: string): void;
}

/**
 * Pings a connection that has been silent while somebody waits for it, and gives it up when it does not answer. Silence is seen
 * by looking at the count of bytes now and then, so that traffic costs nothing.
 */
export class Keepalive {
  private readonly timer: NodeJS.Timeout;
  private readonly lookEveryMs: number;
  private answerTimer: NodeJS.Timeout | undefined;
  private bytesSeen = 0;
  private silentLooks = 0;
  private pings = 0;

  constructor(
    private readonly connection: Pingable,
    private readonly timing: KeepaliveTiming,
  ) {
    this.lookEveryMs = Math.max(1, timing.keepaliveTimeMs / 2);
    this.timer = setInterval(() => this.look(), this.lookEveryMs).unref();
  }

  /** Asks no more. */
  stop(): void {
    clearInterval(this.timer);
    clearTimeout(this.answerTimer);
  }

  private look(): void {
    const { bytesRead, awaited } = this.connection;
    if (bytesRead !== this.bytesSeen || !awaited) {
      this.bytesSeen = bytesRead;
      this.silentLooks = 0;
      this.pings = 0;
    } else if (++this.silentLooks * this.lookEveryMs >= this.silenceBeforePingMs && !this.answerTimer) {
      this.silentLooks = 0;
      this.pings++;
      this.ask();
    }
  }

  private get silenceBeforePingMs(): number {
    const { keepaliveTimeMs, patience } = this.timing;
    return !patience || this.pings < patience.pings ? keepaliveTimeMs : Math.max(keepaliveTimeMs, patience.thenEveryMs);
  }

  private ask(): void {
    const { connection, timing } = this;
    const asked = connection.bytesRead;
    this.answerTimer = setTimeout(() => {
      this.answerTimer = undefined;
      // A peer that says something else first is there, too.
      if (connection.bytesRead === asked)
        connection.giveUp(`no answer to a ping within ${timing.keepaliveTimeoutMs} ms`);
    }, timing.keepaliveTimeoutMs).unref();
    connection.ping(() => {
      clearTimeout(this.answerTimer);
      this.answerTimer = undefined;
      // The answer to a ping breaks no silence.
      this.bytesSeen = connection.bytesRead;
    });
  }
}
