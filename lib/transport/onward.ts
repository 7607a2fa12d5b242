import type { Cancellation } from '../context/cancellation.js';
import type { PassageAnswer, PassageHeaders } from './transport.js';

/** A request on its way on, to a server of somebody else. */
export interface OnwardRequest {
  readonly method: string;
  /** Path and query, as they are written. */
  readonly target: string;
  /** By lower-case name; nothing of a connection, nor of how the body is framed. `host` is what the server is called. */
  readonly headers: PassageHeaders;
  /** How many bytes the body has; `undefined` when that is not known. */
  readonly length: number | undefined;
  /** What the connection is to be upgraded to; empty when it is not. */
  readonly upgrade: string;
  /** Read once there is a connection, and no faster than the server reads. */
  readonly body: AsyncIterable<Uint8Array>;
  /** What stands behind the body, once it was read. */
  trailers(): PassageHeaders;
  /** Ends the request, at the server too. */
  readonly cancellation: Cancellation;
}

/** Connections by which requests go on to one address, over one version of HTTP. They are made when they are needed. */
export interface OnwardConnection {
  /**
   * Hands a request on. The body of the answer throws E0000000607 when it breaks off; leaving it ends the request.
   *
   * @throws MeshError E0000000619 when nothing answers at the address (`neverSent`), E0000000607 when the connection was lost
   * before the answer began, E0000000700 when too many are under way (`neverSent`), E0000000400 for what cannot be sent, or the
   * reason of the cancellation
   */
  pass(request: OnwardRequest): Promise<PassageAnswer>;
  /** Requests under way. */
  readonly pending: number;
  /** Waits for the requests under way, and closes. */
  close(): Promise<void>;
  /** Closes at once. */
  destroy(): void;
}
