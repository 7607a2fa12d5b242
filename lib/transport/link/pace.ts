/** Large messages that take no more than this together go as fast as the network takes them. */
export const UNPACED_BYTES = 4 * 1024 * 1024;

/** Bytes of larger ones that are under way at least, whatever the way to the other side is like. */
export const LEAST_UNDER_WAY = 512 * 1024;

/** More are under way where the way is long: so many bytes for each ms that it takes, with which nobody goes slower for it. */
export const BYTES_PER_MS = 512 * 1024;

/** And never more than these. */
export const MOST_UNDER_WAY = 16 * 1024 * 1024;

/** A mark follows so many bytes. */
const BETWEEN_MARKS = 128 * 1024;

/** With a probe, nothing was under way before the mark: what it takes is the way alone. */
type MarkKind = 'probe' | 'behind';

/** A mark on its way: how many bytes had been sent before it, and when, in ms. */
interface Mark {
  readonly id: number;
  readonly sent: number;
  readonly at: number;
  readonly kind: MarkKind;
}

/**
 * Keeps the pieces of large messages from filling all that lies between here and the reader there, the buffers of both kernels above all,
 * behind which small frames would wait. It does not see them, so it sends marks, which the other side answers when it has read what went
 * before, and holds back what would be too much ahead of the last one answered.
 */
export class Pace {
  private sent = 0;
  private taken = 0;
  private lastMark = 0;
  private marks: Mark[] = [];
  private state: 'free' | 'held' = 'free';
  /** What the way to the other side and back takes at the least, in ms; 0 until it is known. */
  private way = 0;
  /** What it took last, with what stood before, in ms. */
  private last: number | undefined;

  /** @param clock the time in ms */
  constructor(private readonly clock: () => number = () => performance.now()) {}

  /** Bytes of pieces that may be sent now. @param left bytes of all large messages that have not been sent */
  room(left: number): number {
    if (this.state === 'free') {
      if (left <= UNPACED_BYTES) return Infinity;
      this.state = 'held';
      this.taken = this.sent;
    }
    return this.mostUnderWay - this.underWay;
  }

  /** What the next piece is to have before it: a mark, or none. */
  get probe(): number | undefined {
    return this.state === 'held' && this.underWay === 0 ? this.mark('probe') : undefined;
  }

  /** What the way to the other side and back took last, with what stood before, in ms; `undefined` before a mark was answered. */
  get lastMs(): number | undefined {
    return this.last;
  }

  /** A mark that somebody else wants, for a sign of the other side. */
  get asked(): number {
    return this.mark('behind');
  }

  /** A piece was sent. @returns the mark that is to follow it, if one is */
  gotSent(bytes: number): number | undefined {
    if (this.state === 'free') return undefined;
    this.sent += bytes;
    return this.sent - (this.marks.at(-1)?.sent ?? this.taken) >= BETWEEN_MARKS ? this.mark('behind') : undefined;
  }

  /** All large messages have been sent. */
  rest(): void {
    this.state = 'free';
  }

  /** The other side has answered a mark, and so all before it. Those that are not known are passed over. */
  gotAnswer(id: number): void {
    const place = this.marks.findIndex((mark) => mark.id === id);
    const mark = this.marks[place];
    if (!mark) return;
    this.marks.splice(0, place + 1);
    this.taken = Math.max(this.taken, mark.sent);
    this.learn(this.clock() - mark.at, mark.kind);
  }

  private get underWay(): number {
    return this.sent - this.taken;
  }

  private get mostUnderWay(): number {
    return Math.min(MOST_UNDER_WAY, Math.max(LEAST_UNDER_WAY, this.way * BYTES_PER_MS));
  }

  private mark(kind: MarkKind): number {
    const id = (this.lastMark = (this.lastMark + 1) >>> 0);
    this.marks.push({ id, sent: this.sent, at: this.clock(), kind });
    return id;
  }

  /** The least counts: all else is what stood before. Where the way has become longer, probes tell, little by little. */
  private learn(took: number, kind: MarkKind): void {
    this.last = took;
    if (this.way === 0 || took < this.way) this.way = took;
    else if (kind === 'probe') this.way = Math.min(took, 1.25 * this.way);
  }
}
