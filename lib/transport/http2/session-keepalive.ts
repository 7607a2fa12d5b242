import type { Http2Session } from 'node:http2';
import { Keepalive, type KeepaliveTiming, type Patience, type Pingable } from '../keepalive.js';

/**
 * Pings of a client that any gRPC server puts up with while it has nothing to send. Servers made with gRPC's C core or Go end a
 * connection, and the calls on it, at the fourth ping that comes within five minutes of the one before: five minutes, and some
 * for the way.
 */
export const GRPC_PATIENCE: Patience = { pings: 2, thenEveryMs: 310_000 };

/**
 * Keeps watch over an HTTP/2 session until it is closed.
 *
 * @param awaited whether somebody waits for this connection; it is left alone when not
 */
export function watchSession(session: Http2Session, timing: KeepaliveTiming, awaited: () => boolean): void {
  const keepalive = new Keepalive(new PingableSession(session, awaited), timing);
  session.once('close', () => keepalive.stop());
}

/** An HTTP/2 session as a {@link Keepalive} sees it. */
class PingableSession implements Pingable {
  constructor(
    private readonly session: Http2Session,
    private readonly isAwaited: () => boolean,
  ) {}

  /** A session that was destroyed has no socket. */
  get bytesRead(): number {
    return this.session.destroyed ? 0 : this.session.socket.bytesRead;
  }

  get awaited(): boolean {
    return !this.session.destroyed && this.isAwaited();
  }

  ping(answered: () => void): void {
    this.session.ping(answered);
  }

  giveUp(why: string): void {
    this.session.destroy(new Error(why));
  }
}
