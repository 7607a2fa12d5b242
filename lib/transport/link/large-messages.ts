import { lengthOf, type Tailed } from '../tails.js';
import type { Outcome } from './byte-carrier.js';
import { Pace } from './pace.js';
import { type Piece, PIECE_BYTES } from './wire.js';

/** Bytes of large messages handed to the socket at a time: what small frames may have to wait for. */
export const AHEAD_BYTES = 512 * 1024;

/**
 * Bytes of a message that go before another has its turn: less than the other side reads in a millisecond or two, and enough that nearly all
 * are sent at once. Pieces of all in turn would have each arrive as late as the last, and the other side keep memory for all of them.
 */
const TURN_BYTES = 1024 * 1024;

const none: Uint8Array = new Uint8Array(0);

/** A large message on its way: it takes turns with others. */
export interface LargeSend {
  readonly id: number;
  readonly message: Tailed;
  position: number;
  /** Told once: all of it has been handed to the network, or it was lost with the connection. */
  readonly sent: (outcome: Outcome) => void;
}

/** Writes what {@link LargeMessages} finds to be written. */
export interface PieceSink {
  /** A piece of a message. */
  piece(id: number, bytes: Uint8Array, which: Piece): void;
  /** A mark for the other side to answer. */
  mark(id: number): void;
}

/** The large messages of a connection that have not been sent whole. */
export class LargeMessages {
  private queue: LargeSend[] = [];
  private left = 0;
  private readonly pace = new Pace();

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.queue.length === 0;
  }

  /** Whether a piece may be sent as soon as the socket takes it; otherwise, once the other side has taken some. */
  get mayGoOn(): boolean {
    return !this.isEmpty && this.pace.room(this.left) > 0;
  }

  /** One more. */
  add(large: LargeSend): void {
    this.queue.push(large);
    this.left += lengthOf(large.message);
  }

  /** Sends no more of a message. */
  drop(large: LargeSend): void {
    const index = this.queue.indexOf(large);
    if (index < 0) return;
    this.queue.splice(index, 1);
    this.passOver(large);
  }

  /** Sends no more of any. @returns those that were left */
  clear(): readonly LargeSend[] {
    const lost = this.queue;
    this.queue = [];
    this.left = 0;
    return lost;
  }

  /** Sends pieces in turn, as many as may be sent. @param waiting bytes that the socket has before them @returns what was sent to its end */
  send(waiting: number, sink: PieceSink): readonly LargeSend[] {
    const sent: LargeSend[] = [];
    let room = Math.min(AHEAD_BYTES - waiting, this.isEmpty ? 0 : this.pace.room(this.left));
    while (room > 0) {
      const large = this.queue[0];
      if (!large) break;
      const { id, message } = large;
      const piece = pieceAt(message, large.position);
      large.position += piece.length;
      this.left -= piece.length;
      room -= piece.length;
      const isLast = large.position === lengthOf(message);
      this.mark(this.pace.probe, sink);
      sink.piece(id, piece, isLast ? 'last' : 'more');
      this.mark(this.pace.gotSent(piece.length), sink);
      if (isLast || large.position % TURN_BYTES < piece.length) {
        this.queue.shift();
        (isLast ? sent : this.queue).push(large);
      }
    }
    if (this.isEmpty) this.pace.rest();
    return sent;
  }

  /** A mark, to be sent behind all pieces so far. */
  ask(): number {
    return this.pace.asked;
  }

  /** What a mark took last to be answered, in ms. */
  get roundTripMs(): number | undefined {
    return this.pace.lastMs;
  }

  /** The other side has answered a mark. */
  gotAnswer(mark: number): void {
    this.pace.gotAnswer(mark);
  }

  private mark(id: number | undefined, sink: PieceSink): void {
    if (id !== undefined) sink.mark(id);
  }

  private passOver({ message, position }: LargeSend): void {
    this.left -= lengthOf(message) - position;
    if (this.isEmpty) this.pace.rest();
  }
}

/** The piece that begins at a place: it stands in the body or in the tail. */
function pieceAt({ body, tail = none }: Tailed, position: number): Uint8Array {
  if (position < body.length) return body.subarray(position, position + PIECE_BYTES);
  const start = position - body.length;
  return tail.subarray(start, start + PIECE_BYTES);
}
