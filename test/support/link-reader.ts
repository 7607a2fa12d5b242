import type { Socket } from 'node:net';
import type { PayloadReader } from '../../lib/protocol/payload.js';
import { FrameReader, type FrameSink } from '../../lib/transport/link/frame-reader.js';
import { FrameType, type Part, type Piece } from '../../lib/transport/link/wire.js';
import { frame, type SeenFrame } from './tcp-frames.js';

/** The far end of a connection: it reads frames, and answers marks once it is told to. */
export class LinkReader implements FrameSink {
  /** Bytes of pieces that have come. */
  pieces = 0;
  /** Messages whose pieces have come. */
  lastPieces = 0;
  private readonly frames: SeenFrame[] = [];
  private marks: Buffer[] = [];
  private answers: 'none' | 'all' = 'none';

  /** @param skip bytes before the first frame */
  constructor(
    private readonly peer: Socket,
    skip: number,
  ) {
    const reader = new FrameReader(this, skip);
    peer.on('data', (chunk: Buffer) => reader.push(chunk));
  }

  frame(type: number, id: number, payload: PayloadReader, part: Part): void {
    const seen = { type, id, payload: payload.copy() };
    if (part === 'whole') this.frames.push(seen);
    if (type !== FrameType.PING) return;
    this.marks.push(seen.payload);
    if (this.answers === 'all') this.answer();
  }

  piece(_: number, bytes: Buffer, which: Piece): void {
    this.pieces += bytes.length;
    if (which === 'last') this.lastPieces++;
  }

  /** Whole frames of a type that have come. */
  whole(type: number): readonly SeenFrame[] {
    return this.frames.filter((each) => each.type === type);
  }

  /** Answers the last mark, which says all that those before it would, and from now on each. */
  answerMarks(): void {
    this.answers = 'all';
    this.marks = this.marks.slice(-1);
    this.answer();
  }

  private answer(): void {
    for (const mark of this.marks.splice(0)) this.peer.write(frame(FrameType.PONG, 0, mark));
  }
}
