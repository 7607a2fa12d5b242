/** The calls of the session API (standard, north-south). */
export type SessionOperation = 'push' | 'pop' | 'peek' | 'release';

/** Which peer a session call is meant for; empty when the caller did not say. Compared without case. */
export interface SessionParties {
  readonly sourceNodeId: string;
  readonly sourceInstId: string;
  readonly targetNodeId: string;
  readonly targetInstId: string;
}

/** A call of the session API, freed of the dialect that it came in. */
export interface SessionRequest {
  readonly operation: SessionOperation;
  readonly session: string;
  /** Topic; the empty string when there is none. */
  readonly topic: string;
  /** What is pushed; empty for the other operations. */
  readonly payload: Uint8Array;
  /** How long a pop waits, in ms; `undefined` when the caller did not say. */
  readonly timeoutMs: number | undefined;
  /** What travels beside the payload. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Id of the message pushed, by which a repetition is recognised; empty when there is none. */
  readonly messageId: string;
  readonly parties: SessionParties;
  readonly traceId: string;
  readonly token: string;
  readonly providerCode: string;
}

/** How a call of the session API ended, freed of any dialect. */
export interface SessionAnswer {
  /** A status code. */
  readonly code: string;
  readonly message: string;
  /** The message popped or peeked; `undefined` when there was none, and for push and release. */
  readonly payload: Uint8Array | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** Id with which that message was pushed; absent or empty when it is not known. Told only to who acknowledges messages. */
  readonly messageId?: string;
}
