import type { MeshError } from '../../../errors/mesh-error.js';
import type { ByteReader } from '../../byte-reader.js';
import type { InboundPassage, PassageAnswer, PassageHeaders } from '../../transport.js';

/** What a passage begins with, as it stood on the wire. */
export type PassageHead = Omit<InboundPassage, 'body' | 'trailers' | 'cancellation' | 'admits'>;

/** A request that is handed on, and the way to answer it, whatever the version of HTTP. */
export interface PassageExchange {
  readonly head: PassageHead;
  readonly body: ByteReader;
  /** What stood behind the body. */
  trailers(): PassageHeaders;
  /** Who is told, once, that it is over. */
  onOver(tell: () => void): void;
  /**
   * Writes what an answer begins with.
   * @throws Error for a status or a header that cannot be written
   */
  begin(answer: Pick<PassageAnswer, 'status' | 'headers'>): void;
  /** Writes a part of the body; resolves when the next may follow, or when nothing can be written any more. */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends the answer. What still comes of the request is dropped. */
  end(trailers: PassageHeaders): void;
  /** Answers with an error, where nothing has been answered. */
  refuse(error: MeshError): void;
  /** Ends an answer that has begun, so that its reader sees that it is not whole. */
  breakOff(error: MeshError): void;
}
