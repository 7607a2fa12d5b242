import type { Http2Session } from 'node:http2';

/** When a silent connection is asked whether it is still there, and how long it may take to answer. */
export interface KeepaliveTiming {
  /** Silence before a ping, in ms. */
  readonly keepaliveTimeMs: number;
  /** Time to answer a ping, in ms. */
  readonly keepaliveTimeoutMs: number;
  /** Pings with no other traffic between them; more follow only every {@link QUIET_PING_MS}. Default: as many as it takes. */
  readonly pingsInSilence?: number;
}

/**
 * Pings of a client that any gRPC server puts up with while it has nothing to send. Servers made with gRPC's C core or Go end a
 * connection, and the calls on it, at the fourth ping that comes within five minutes of the one before.
 */
export const PINGS_IN_SILENCE = 2;

/** Time between two pings that no gRPC server minds, unless it is set to, in ms: its five minutes, and some for the way. */
const QUIET_PING_MS = 310_000;

/**
 * Pings a connection that has been silent while somebody waits for it, and destroys it when it does not answer. Silence is
 * seen by looking at the socket's count of bytes now and then, so that traffic costs nothing.
 */
export class Keepalive {
  private readonly timer: NodeJS.Timeout;
  private readonly lookEveryMs: number;
  private answerTimer: NodeJS.Timeout | undefined;
  private bytesSeen = 0;
  private silentLooks = 0;
  private pings = 0;

  /** @param awaited whether somebody waits for this connection; it is left alone when not */
  constructor(
    private readonly session: Http2Session,
    private readonly timing: KeepaliveTiming,
    private readonly awaited: () => boolean,
  ) {
    this.lookEveryMs = Math.max(1, timing.keepaliveTimeMs / 2);
    this.timer = setInterval(() => this.look(), this.lookEveryMs).unref();
    session.once('close', () => this.stop());
  }

  private look(): void {
    if (this.session.destroyed) return this.stop();
    const bytes = this.session.socket.bytesRead;
    if (bytes !== this.bytesSeen || !this.awaited()) {
      this.bytesSeen = bytes;
      this.silentLooks = 0;
      this.pings = 0;
    } else if (++this.silentLooks * this.lookEveryMs >= this.silenceBeforePingMs() && !this.answerTimer) {
      this.silentLooks = 0;
      this.pings++;
      this.ping();
    }
  }

  private silenceBeforePingMs(): number {
    const { keepaliveTimeMs, pingsInSilence = Infinity } = this.timing;
    return this.pings < pingsInSilence ? keepaliveTimeMs : Math.max(keepaliveTimeMs, QUIET_PING_MS);
  }

  private ping(): void {
    const { keepaliveTimeoutMs } = this.timing;
    this.answerTimer = setTimeout(() => {
      this.session.destroy(new Error(`no answer to a ping within ${keepaliveTimeoutMs} ms`));
    }, keepaliveTimeoutMs).unref();
    this.session.ping(() => {
      clearTimeout(this.answerTimer);
      this.answerTimer = undefined;
      // The answer to a ping breaks no silence.
      if (!this.session.destroyed) this.bytesSeen = this.session.socket.bytesRead;
    });
  }

  private stop(): void {
    clearInterval(this.timer);
    clearTimeout(this.answerTimer);
  }
}
