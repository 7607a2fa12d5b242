import type { MeshError } from '../../errors/mesh-error.js';
import { ready, Senders } from '../senders.js';
import type { LargeSend } from './large-messages.js';
import type { Link } from './link.js';
import { FrameType, WHOLE_BYTES } from './wire.js';

/** What a message counts beside its bytes, so that empty ones count, too. */
export const MESSAGE_OVERHEAD = 64;

/** One side's messages on a stream: they go out in order, as far as the other side grants, and then what ends them. */
export class StreamSender {
  private readonly senders = new Senders();
  private queue: Uint8Array[] = [];
  private link: Link | undefined;
  private id = 0;
  private credit = 0;
  private large: LargeSend | undefined;
  /** Takes a large message back that waits for room at the other side. */
  private takeBack: (() => void) | undefined;
  private ending: (() => void) | undefined;
  /** Waits no longer for the other side to take what was written. */
  private roomless: (() => void) | undefined;
  private over: MeshError | undefined;

  /** From now on messages go out. @param credit what may be under way unread, in bytes */
  attach(link: Link, id: number, credit: number): void {
    this.link = link;
    this.id = id;
    this.credit = credit;
    this.pump();
  }

  /** Sends a message. Resolves when the next may be sent. */
  send(message: Uint8Array): Promise<void> {
    if (this.over) return Promise.reject(this.over);
    if (this.isFree && message.length <= WHOLE_BYTES) {
      this.write(message);
      if (this.isFree) return ready;
    } else this.queue.push(message);
    const sent = this.senders.wait();
    this.pump();
    return sent;
  }

  /** Says something after the last message. @param last writes it */
  end(last: () => void): void {
    this.ending = last;
    this.pump();
  }

  /** The other side grants so much more. */
  grant(bytes: number): void {
    this.credit += bytes;
    this.pump();
  }

  /** Nothing goes out any more. @returns whether a message was broken off, which the other side has to be told */
  fail(reason: MeshError): 'broken off' | 'clean' {
    if (this.over) return 'clean';
    this.over = reason;
    this.queue = [];
    this.ending = undefined;
    this.senders.fail(reason);
    this.roomless?.();
    this.takeBack?.();
    if (!this.large) return 'clean';
    this.link?.writer.breakOff(this.large);
    return 'broken off';
  }

  /** Who waits to send need wait no longer: the stream ends. */
  release(): void {
    this.senders.release();
  }

  private get isFree(): boolean {
    return this.mayWrite && this.queue.length === 0;
  }

  private get mayWrite(): boolean {
    return this.link !== undefined && !this.large && !this.takeBack && this.credit > 0 && !this.link.writer.isFull;
  }

  private write(message: Uint8Array): void {
    const { link, id } = this;
    if (!link) return;
    this.credit -= message.length + MESSAGE_OVERHEAD;
    if (message.length > WHOLE_BYTES) return this.writeLarge(link, message);
    link.message(FrameType.MESSAGE, id, { body: message });
  }

  private writeLarge(link: Link, body: Uint8Array): void {
    this.takeBack = nothing;
    const takeBack = link.whenRoom('streams', body.length, () => {
      this.takeBack = undefined;
      link.message(FrameType.MESSAGE, this.id, { body });
      this.large = link.writer.pieces(this.id, { body }, () => this.gotSent());
    });
    if (this.takeBack) this.takeBack = takeBack;
  }

  private gotSent(): void {
    this.large = undefined;
    this.pump();
  }

  private pump(): void {
    while (this.mayWrite) {
      const message = this.queue.shift();
      if (!message) break;
      this.write(message);
    }
    if (this.large || this.takeBack || !this.link) return;
    if (this.link.writer.isFull) this.waitForRoom(this.link);
    if (this.queue.length > 0) return;
    if (this.mayWrite) this.senders.release();
    this.ending?.();
    this.ending = undefined;
  }

  /** Whatever was granted, no more is written than the other side takes. */
  private waitForRoom({ writer }: Link): void {
    this.roomless ??= writer.whenRoom(() => {
      this.roomless = undefined;
      this.pump();
    });
  }
}

function nothing(): void {}
