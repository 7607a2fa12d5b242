import { Inbox } from '../inbox.js';
import type { Link, MessageReceiver } from './link.js';
import { MESSAGE_OVERHEAD } from './stream-sender.js';
import { violation } from '../../protocol/payload.js';
import { WHOLE_BYTES } from './wire.js';

/** What comes of a stream: held until it is read, and granted anew as it is. */
export class StreamReceiver implements MessageReceiver {
  readonly messages: Inbox;
  private link: Link | undefined;
  private id = 0;
  private window = 0;
  /** What the other side may send. */
  private granted = 0;
  /** What was read, and not granted anew yet. */
  private read = 0;

  /** Messages that were cut, and wait to be read, in their order: so they are read. */
  private readonly large: unknown[] = [];
  private largeBytes = 0;
  private half: 'open' | 'ended' = 'open';

  /** @param onLeft told when the reader wants no more */
  constructor(onLeft: () => void) {
    const onTaken = (message: { readonly length: number }): void => {
      if (this.large[0] !== message) return;
      this.large.shift();
      this.release(message.length);
    };
    this.messages = new Inbox({ onRoom: () => this.grant(), onLeft, onTaken });
  }

  /** @param window bytes that may be under way unread */
  attach(link: Link, id: number, window: number): void {
    this.link = link;
    this.id = id;
    this.window = this.granted = window;
  }

  begin(bytes: number): void {
    if (this.half === 'ended') throw violation(`stream ${this.id} has sent more after its end`);
    if (this.granted <= 0) throw violation(`stream ${this.id} has sent more than it was granted`);
    this.granted -= bytes + MESSAGE_OVERHEAD;
  }

  push(message: Buffer): void {
    // What waits is copied when, as a view, it would keep much else that was received with it.
    const isView = message.buffer.byteLength > WHOLE_BYTES;
    this.take(isView && !this.messages.isAwaited ? Buffer.from(message) : message);
  }

  pushLarge(message: Buffer): void {
    const waits = !this.messages.isAwaited && !this.messages.isOver;
    this.largeBytes += message.length;
    if (waits) this.large.push(message);
    this.take(message);
    if (!waits) this.release(message.length);
  }

  /** The other side says no more. */
  gotEnd(): void {
    this.half = 'ended';
    this.messages.end();
  }

  /** The stream is over: what is left unread counts no more. */
  leave(): void {
    this.large.length = 0;
    this.release(this.largeBytes);
  }

  private release(bytes: number): void {
    if (bytes === 0) return;
    this.largeBytes -= bytes;
    this.link?.assemblies.release('streams', bytes);
  }

  private take(message: Buffer): void {
    this.messages.push(message);
    this.read += message.length + MESSAGE_OVERHEAD;
    if (!this.messages.full && this.read > this.window / 2) this.grant();
  }

  private grant(): void {
    const { read } = this;
    if (read === 0) return;
    this.read = 0;
    this.granted += read;
    this.link?.credit(this.id, read);
  }
}
