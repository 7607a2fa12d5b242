/** A string map of a message. One that was received inherits nothing, so that it has no key but those that were sent. */
export type PtpMetadata = Readonly<Record<string, string>>;

/** Puts a message into a topic (standard, session API). */
export interface PushInbound {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly metadata: PtpMetadata;
}

/** Takes the head of a topic, waiting up to `timeout` ms; 0 is the server's default. */
export interface PopInbound {
  readonly topic: string;
  readonly timeout: number;
}

/** Looks at the head of a topic. */
export interface PeekInbound {
  readonly topic: string;
}

/** Drops what is unread of a topic, or of the whole session when the topic is empty. */
export interface ReleaseInbound {
  readonly topic: string;
  readonly timeout: number;
}

/** The answer to every call of the session API. */
export interface TransportOutbound {
  readonly metadata: PtpMetadata;
  readonly payload: Uint8Array;
  readonly code: string;
  readonly message: string;
}

/** A request that one node hands to another in the wrapped mode: the encoded request and its headers. */
export interface Inbound {
  readonly metadata: PtpMetadata;
  readonly payload: Uint8Array;
}

/** The answer of a node to another: field by field a {@link TransportOutbound}. */
export type Outbound = TransportOutbound;

/** The messages of the protocol by name. */
export interface PtpMessages {
  readonly PushInbound: PushInbound;
  readonly PopInbound: PopInbound;
  readonly PeekInbound: PeekInbound;
  readonly ReleaseInbound: ReleaseInbound;
  readonly TransportOutbound: TransportOutbound;
  readonly Inbound: Inbound;
  readonly Outbound: Outbound;
}

/** Which numbers the fields of an answer have: those of the standard, or those of SecretFlow yacl. */
export type PtpLayout = 'standard' | 'yacl';
