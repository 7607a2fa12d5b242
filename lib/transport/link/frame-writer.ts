import { sizeOfNumber, writeNumber } from '../../protocol/payload.js';
import type { Tailed } from '../tails.js';
import type { ByteCarrier, Outcome } from './byte-carrier.js';
import { type LargeSend, LargeMessages } from './large-messages.js';
import { Slab } from './slab.js';
import { FrameType, HEADER_BYTES, MORE } from './wire.js';

/**
 * Bytes that wait for the network to take them before those who can wait write no more: the other side does not read. Far more than
 * is under way otherwise.
 */
export const UNSENT_BYTES = 16 * 1024 * 1024;

/**
 * So many frames are written before their turn of the event loop has ended, twice as many the next time, and never more than the
 * second number: the other side sets to work while this one goes on, instead of the two taking turns.
 */
const FIRST_EARLY = 4;
const MAX_EARLY = 64;

/** Payload of a `PING` that is a mark: its number. */
export const MARK_BYTES = 4;

const none: Uint8Array = new Uint8Array(0);

/** For connections with few frames at a time: however many there are, it is one piece of memory that they all write into. */
const common = new Slab();

/**
 * Until when frames are gathered: until the end of the tick, or of the turn of the event loop, in which what came on other connections
 * is read, too.
 */
export type Gathering = 'tick' | 'turn';

/** Whether the other side takes what is written: `full` while too much waits for the network. */
export type Pressure = 'full' | 'room';

/**
 * Writes frames. Those of one tick or turn of the event loop are gathered, and written at its end or when they are many; small ones before the
 * pieces of large messages, which are not copied and go no faster than the socket takes them.
 */
export class FrameWriter {
  /** Where the frames gathered last stand. */
  private slab = common.bytes;
  private begin = 0;
  private end = 0;
  /** Those gathered before, elsewhere. */
  private full: Uint8Array[] = [];
  private fullBytes = 0;
  /** For who writes much at a time, or is not read at once: what others write would stand between, and the common one be held for long. */
  private own: Slab | undefined;
  private usesOwn = false;
  private readonly large = new LargeMessages();
  private flushed: ((outcome: Outcome) => void)[] = [];
  private phase: 'open' | 'ending' | 'closed' = 'open';
  private scheduled = false;
  /** Frames gathered since the last write of this turn, and how many of them are not kept waiting. */
  private written = 0;
  private early = FIRST_EARLY;
  private pressure: Pressure = 'room';
  private waiting: (() => void)[] = [];
  private readonly flush = (): void => this.flushNow();

  /**
   * @param onPressure told when more waits than should, and when it is gone
   * @param gathering asked when the first frame is there
   */
  constructor(
    private readonly socket: ByteCarrier,
    private readonly onPressure: (pressure: Pressure) => void,
    private readonly gathering: () => Gathering = () => 'tick',
  ) {}

  /** Whether too much waits for the network. What is written nevertheless is kept. */
  get isFull(): boolean {
    return this.pressure === 'full' || this.isStuffed;
  }

  /** Tells once the other side takes what is written. @returns takes it back, if it was not told */
  whenRoom(start: () => void): () => void {
    this.waiting.push(start);
    return () => {
      const index = this.waiting.indexOf(start);
      if (index >= 0) this.waiting.splice(index, 1);
    };
  }

  /** Writes a frame whose payload is small, in up to two parts, which are copied. */
  frame(type: number, id: number, first: Uint8Array = none, second: Uint8Array = none): void {
    if (this.phase !== 'open') return;
    const length = first.length + second.length;
    const at = this.reserve(HEADER_BYTES + length);
    const { slab } = this;
    this.header(at, length, type, id);
    if (first.length > 0) slab.set(first, at + HEADER_BYTES);
    if (second.length > 0) slab.set(second, at + HEADER_BYTES + first.length);
    this.count();
  }

  /** Writes a frame whose payload is three numbers, and bytes that are copied. */
  numbers(type: number, id: number, first: number, second: number, third: number, rest: Uint8Array): void {
    if (this.phase !== 'open') return;
    const size = sizeOfNumber(first) + sizeOfNumber(second) + sizeOfNumber(third);
    const at = this.reserve(HEADER_BYTES + size + rest.length);
    const { slab } = this;
    this.header(at, size + rest.length, type, id);
    const next = writeNumber(slab, writeNumber(slab, at + HEADER_BYTES, first), second);
    slab.set(rest, writeNumber(slab, next, third));
    this.count();
  }

  /** Writes the pieces of a message whose first frame was written. */
  pieces(id: number, message: Tailed, sent: (outcome: Outcome) => void): LargeSend {
    const large = { id, message, position: 0, sent };
    this.large.add(large);
    this.schedule();
    return large;
  }

  /** Writes no more of a message. */
  breakOff(large: LargeSend): void {
    this.large.drop(large);
  }

  /** Sends a mark, which the other side answers when it has read what was sent before. */
  ask(): void {
    if (this.phase !== 'open') return;
    this.mark(this.large.ask());
    this.count();
  }

  /** What a mark took last to be answered, in ms; `undefined` before the first was. */
  get roundTripMs(): number | undefined {
    return this.large.roundTripMs;
  }

  /** The other side has read all that stood before a mark, which was sent as a `PING`. */
  gotAnswer(mark: number): void {
    this.large.gotAnswer(mark);
    if (this.large.mayGoOn) this.schedule();
  }

  /** Tells once what was written so far has been handed to the network, or was lost. */
  onFlushed(tell: (outcome: Outcome) => void): void {
    if (this.phase === 'closed') return tell('lost');
    this.flushed.push(tell);
    this.schedule();
  }

  /** Ends the connection after what was written. */
  finish(): void {
    if (this.phase !== 'open') return;
    this.flushNow();
    this.phase = 'ending';
    this.socket.end();
  }

  /** The connection is gone: nothing is written any more. */
  close(): void {
    this.phase = 'closed';
    this.gathered();
    this.own = undefined;
    this.slab = common.bytes;
    this.begin = this.end = 0;
    this.waiting = [];
    for (const { sent } of this.large.clear()) sent('lost');
    for (const tell of this.flushed.splice(0)) tell('lost');
  }

  private reserve(bytes: number): number {
    const slab = this.usesOwn ? (this.own ??= new Slab()) : common;
    const at = slab.reserve(bytes);
    if (at !== this.end || slab.bytes !== this.slab) this.goOnAt(at, slab.bytes);
    this.end = at + bytes;
    return at;
  }

  /** What comes next does not stand behind what was gathered. */
  private goOnAt(at: number, slab: Buffer): void {
    if (this.end > this.begin) {
      this.full.push(this.slab.subarray(this.begin, this.end));
      this.fullBytes += this.end - this.begin;
      if (slab === this.slab) this.usesOwn = true;
    }
    this.slab = slab;
    this.begin = at;
  }

  private header(at: number, length: number, type: number, id: number): void {
    const { slab } = this;
    slab[at] = length >>> 16;
    slab[at + 1] = length >>> 8;
    slab[at + 2] = length;
    slab[at + 3] = type;
    slab[at + 4] = id >>> 24;
    slab[at + 5] = id >>> 16;
    slab[at + 6] = id >>> 8;
    slab[at + 7] = id;
  }

  private mark(id: number): void {
    const at = this.reserve(HEADER_BYTES + MARK_BYTES);
    this.header(at, MARK_BYTES, FrameType.PING, 0);
    this.slab.writeUInt32BE(id, at + HEADER_BYTES);
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.written = 0;
    this.early = FIRST_EARLY;
    if (this.gathering() === 'tick') process.nextTick(this.flush);
    else setImmediate(this.flush);
  }

  /** One more frame was gathered. */
  private count(): void {
    this.schedule();
    if (++this.written < this.early || this.socket.writableLength > 0) return;
    this.written = 0;
    this.early = Math.min(MAX_EARLY, 2 * this.early);
    this.write();
  }

  private flushNow(): void {
    const { usesOwn } = this;
    this.scheduled = false;
    this.write();
    this.usesOwn = this.socket.writableLength > 0;
    if (!usesOwn && !this.usesOwn) this.own = undefined;
  }

  private write(): void {
    const { socket } = this;
    if (this.phase !== 'open' || socket.destroyed) return;
    if (this.pressure === 'room' && (this.isStuffed || socket.writableLength > UNSENT_BYTES)) this.fill();
    const parts = this.gathered();
    if (!this.large.isEmpty) this.gatherPieces(parts);
    if (parts.length === 0) {
      if (this.flushed.length === 0) return;
      // Who waits until everything was taken is told behind an empty write.
      parts.push(none);
    }
    const told = this.flushed.length > 0 ? this.flushed.splice(0) : undefined;
    const tell = told && ((error?: Error | null) => told.forEach((each) => each(error ? 'lost' : 'delivered')));
    if (parts.length === 1) return void socket.write(parts[0] as Uint8Array, tell);
    socket.cork();
    const last = parts.length - 1;
    parts.forEach((part, index) => socket.write(part, index === last ? tell : undefined));
    socket.uncork();
  }

  /** Whether as much was gathered in this turn of the event loop alone. */
  private get isStuffed(): boolean {
    return this.fullBytes >= UNSENT_BYTES;
  }

  private fill(): void {
    this.pressure = 'full';
    this.flushed.push(() => this.relieve());
    this.onPressure('full');
  }

  /** What had piled up was taken: those who wait go on, as far as it does not pile up again. */
  private relieve(): void {
    if (this.phase !== 'open') return;
    if (this.socket.writableLength <= UNSENT_BYTES) {
      this.pressure = 'room';
      while (this.waiting.length > 0 && !this.isStuffed) this.waiting.shift()?.();
      if (this.waiting.length === 0) return this.onPressure('room');
      this.pressure = 'full';
    }
    this.flushed.push(() => this.relieve());
    this.schedule();
  }

  private gathered(): Uint8Array[] {
    const parts = this.full;
    if (this.end > this.begin) parts.push(this.slab.subarray(this.begin, this.end));
    this.begin = this.end;
    this.full = [];
    this.fullBytes = 0;
    return parts;
  }

  /** As many pieces as may be sent. */
  private gatherPieces(parts: Uint8Array[]): void {
    const sent = this.large.send(this.socket.writableLength, {
      piece: (id, bytes, which) => {
        const at = this.reserve(HEADER_BYTES);
        this.header(at, bytes.length, which === 'last' ? FrameType.DATA : FrameType.DATA | MORE, id);
        parts.push(...this.gathered(), bytes);
      },
      mark: (id) => this.mark(id),
    });
    parts.push(...this.gathered());
    for (const large of sent) this.flushed.push(large.sent);
    // What is left goes on when the socket has taken this.
    if (this.large.mayGoOn) this.flushed.push(() => this.schedule());
  }
}
