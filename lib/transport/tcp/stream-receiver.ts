import { Inbox } from '../inbox.js';
import type { Link, MessageReceiver } from './link.js';
import { MESSAGE_OVERHEAD } from './stream-sender.js';
import { violation } from '../../protocol/payload.js';

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

  /** @param onLeft told when the reader wants no more */
  constructor(onLeft: () => void) {
    this.messages = new Inbox({ onRoom: () => this.grant(), onLeft });
  }

  /** @param window bytes that may be under way unread */
  attach(link: Link, id: number, window: number): void {
    this.link = link;
    this.id = id;
    this.window = this.granted = window;
  }

  begin(bytes: number): void {
    if (this.granted <= 0) throw violation(`stream ${this.id} has sent more than it was granted`);
    this.granted -= bytes + MESSAGE_OVERHEAD;
  }

  push(message: Buffer): void {
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
