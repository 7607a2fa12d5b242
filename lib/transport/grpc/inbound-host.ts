import { ListItem } from '../../collections/linked-list.js';

/** What a stream at the server needs of the connection it came through, and tells it. */
export interface InboundHost {
  /** The caller, `host:port`. */
  readonly peer: string;
  /** Whether streams that have no call under way are to end. */
  readonly retiring: boolean;
  /** Largest message received or sent, in bytes. */
  readonly maxMessageBytes: number;
  /** A call has begun. */
  onCall(): void;
  /** A call is over. */
  onCallOver(): void;
  /** The stream is gone. */
  onStreamGone(stream: ServedStream): void;
}

/** A stream at the server, as its connection sees it. */
export abstract class ServedStream extends ListItem {
  /** The listener takes no new calls: the stream is to end soon. */
  abstract drain(): void;
  /** Ends the stream if no call of it is under way. */
  abstract retire(): void;
}
