/**
 * The status codes of the Private Transmission Protocol (standard v1.2.0, table of status codes), and one of our own.
 *
 * They are plain strings: a peer may send a code that is not in this table, and it reaches the caller as it came.
 */
export const MeshCode = {
  /** The call succeeded. */
  SUCCESS: 'E0000000000',
  /** The request is invalid: malformed, or its arguments failed validation. */
  INVALID_REQUEST: 'E0000000400',
  /** The caller is not authorised. */
  FORBIDDEN: 'E0000000403',
  /** What was asked for does not exist. */
  NOT_FOUND: 'E0000000404',
  /** The message is larger than the receiver accepts. */
  MESSAGE_TOO_LONG: 'E0000000413',
  /**
   * The caller has cancelled the call. Ours: the standard has no code for it, since an answer to a caller who went away
   * is never sent.
   */
  CANCELLED: 'E0000000499',
  /** The provider failed in a way that it did not describe. */
  SYSTEM_ERROR: 'E0000000500',
  /** The request came back to a node that it had passed. */
  CIRCULAR_REQUEST: 'E0000000503',
  /** An error that nobody could classify. */
  UNKNOWN: 'E0000000520',
  /** The two sides do not understand each other's version. */
  INCOMPATIBLE: 'E0000000600',
  /** The deadline passed. */
  TIMEOUT: 'E0000000601',
  /** The service is known, but no instance of it is there. */
  NO_INSTANCE: 'E0000000602',
  /** A certificate was refused. */
  CERTIFICATE_REFUSED: 'E0000000603',
  /** The node's licence has expired. */
  LICENCE_EXPIRED: 'E0000000604',
  /** The time agreed for the network between the nodes has expired. */
  NETWORK_EXPIRED: 'E0000000605',
  /** The partner has disabled this network. */
  NETWORK_DISABLED: 'E0000000606',
  /** The connection was lost, or the network does not reach the peer. */
  UNREACHABLE: 'E0000000607',
  /** The session was released. */
  SESSION_RELEASED: 'E0000000608',
  /** The call is not permitted. */
  NOT_PERMITTED: 'E0000000614',
  /** A certificate's signature is invalid. */
  SIGNATURE_INVALID: 'E0000000615',
  /** Bytes could not be encoded or decoded. */
  ENCODING: 'E0000000616',
  /** The peer does not provide the service called. */
  NO_SERVICE: 'E0000000617',
  /** The node or institution is not in the network. */
  NOT_IN_NETWORK: 'E0000000618',
  /** The address is invalid, or nothing answers there. */
  ADDRESS_UNREACHABLE: 'E0000000619',
  /** The buffer is full; the message was not accepted. */
  BUFFER_FULL: 'E0000000700',
} as const;

/** One of the codes of the table. A code received from a peer may be any string: see {@link MeshError.code}. */
export type MeshCode = (typeof MeshCode)[keyof typeof MeshCode];

/** What each code means, in a few words: the message of an error for which nobody wrote one. */
export const MESH_CODE_TEXT: Readonly<Record<MeshCode, string>> = {
  [MeshCode.SUCCESS]: 'success',
  [MeshCode.INVALID_REQUEST]: 'invalid request',
  [MeshCode.FORBIDDEN]: 'not authorised',
  [MeshCode.NOT_FOUND]: 'not found',
  [MeshCode.MESSAGE_TOO_LONG]: 'message too long',
  [MeshCode.CANCELLED]: 'cancelled by the caller',
  [MeshCode.SYSTEM_ERROR]: 'system error',
  [MeshCode.CIRCULAR_REQUEST]: 'circular request',
  [MeshCode.UNKNOWN]: 'unknown error',
  [MeshCode.INCOMPATIBLE]: 'incompatible',
  [MeshCode.TIMEOUT]: 'timeout',
  [MeshCode.NO_INSTANCE]: 'no instance of the service',
  [MeshCode.CERTIFICATE_REFUSED]: 'certificate check failed',
  [MeshCode.LICENCE_EXPIRED]: "the node's licence has expired",
  [MeshCode.NETWORK_EXPIRED]: "the node's network time has expired",
  [MeshCode.NETWORK_DISABLED]: 'the partner has disabled this network',
  [MeshCode.UNREACHABLE]: 'network unreachable',
  [MeshCode.SESSION_RELEASED]: 'session released',
  [MeshCode.NOT_PERMITTED]: 'call not permitted',
  [MeshCode.SIGNATURE_INVALID]: 'certificate signature invalid',
  [MeshCode.ENCODING]: 'encoding error',
  [MeshCode.NO_SERVICE]: 'the peer has no such service',
  [MeshCode.NOT_IN_NETWORK]: 'node or institution not in the network',
  [MeshCode.ADDRESS_UNREACHABLE]: 'address invalid or unreachable',
  [MeshCode.BUFFER_FULL]: 'buffer full',
};
