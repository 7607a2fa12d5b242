import type { SessionMessage } from '../store.js';
import { ListItem } from '../../collections/linked-list.js';
import { ownPayload } from './own-payload.js';

/** A message in a queue, or taken from it and not yet confirmed. */
export class QueuedMessage extends ListItem {
  private content: SessionMessage;

  constructor(
    content: SessionMessage,
    /** What it counts, in bytes. */
    readonly size: number,
    /** Its place in the queue: less than that of every message that came after it. */
    readonly place: number,
  ) {
    super();
    this.content = content;
  }

  /** What was pushed. */
  get message(): SessionMessage {
    return this.content;
  }

  /** Makes it fit to be kept: its payload no longer holds on to the buffer in which it arrived. */
  keep(): void {
    this.content = ownPayload(this.content);
  }
}
