import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { LinkedList, ListItem } from '../../collections/linked-list.js';

/** Bytes of a message that waits for no other: it is out with one frame of HTTP/2, or with two. */
const SHORT_BYTES = 16 * 1_024;

/** Bytes that may be on their way out before the next long message has to wait: fewer, and a connection has pauses. */
const LEAVING_BYTES = 128 * 1_024;

/** Bytes to spare in the window of a stream for what stands before a message. */
const SPARE_BYTES = 1_024;

/** Writes a message and ends its stream with it; calls back when it is out, or never will be. */
type Write = (left: () => void) => void;

/** A message that waits for those before it. */
class Waiting extends ListItem {
  constructor(
    readonly stream: ClientHttp2Stream,
    readonly length: number,
    readonly write: Write,
  ) {
    super();
  }
}

/**
 * Lets the long messages of a connection out in the order in which they came. HTTP/2 left alone sends a frame of each in turn, so that all of
 * them arrive at the same time, as late as the last: until then the peer has nothing to do, and we have nothing to do while it is at work.
 *
 * A message that its stream's window does not hold takes no part, since it may have to wait for who reads that stream, and so does not keep
 * others from leaving.
 */
export class Outlet {
  /** Bytes of long messages on their way out. */
  private leaving = 0;
  private readonly waiting = new LinkedList<Waiting>();

  constructor(private readonly session: ClientHttp2Session) {}

  /** Writes the only message of a stream, now or when there is room; never, when the stream is closed before that. */
  pass(stream: ClientHttp2Stream, length: number, write: Write): void {
    if (!this.takesTurns(length)) return write(ignore);
    if (this.leaving < LEAVING_BYTES) return this.start(length, write);
    const waiting = new Waiting(stream, length, write);
    this.waiting.append(waiting);
    stream.once('close', () => this.waiting.remove(waiting));
  }

  private takesTurns(length: number): boolean {
    const { initialWindowSize = 0 } = this.session.remoteSettings;
    return length > SHORT_BYTES && length + SPARE_BYTES <= initialWindowSize;
  }

  private start(length: number, write: Write): void {
    this.leaving += length;
    write(() => {
      this.leaving -= length;
      this.goOn();
    });
  }

  private goOn(): void {
    while (this.leaving < LEAVING_BYTES) {
      const next = this.waiting.shift();
      if (!next) return;
      if (!next.stream.closed && !next.stream.destroyed) this.start(next.length, next.write);
    }
  }
}

function ignore(): void {}
