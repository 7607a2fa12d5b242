/**
 * What a connection begins with. The first byte is none of HTTP or TLS, and what stands behind the name shows whether something
 * between has taken the bytes for text.
 */
export const MAGIC: Buffer = Buffer.from([0x8d, 0x4d, 0x45, 0x53, 0x48, 0x0d, 0x0a, 0x1a]);

/** Name of the protocol within TLS (RFC 7301). */
export const ALPN = 'mesh-ptp';

/** Versions of the protocol spoken here. */
export const VERSIONS = { min: 1, max: 1 } as const;

/** Types of frames (docs/tcp-protocol.md). */
export const FrameType = {
  HELLO: 0,
  CALL: 1,
  ANSWER: 2,
  ERROR: 3,
  DATA: 4,
  OPEN: 5,
  MESSAGE: 6,
  END: 7,
  CANCEL: 8,
  CREDIT: 9,
  PING: 10,
  PONG: 11,
  GOAWAY: 12,
  CLOSE: 13,
} as const;

/** Bit beside the type: the message goes on in {@link FrameType.DATA}. */
export const MORE = 0x80;

/** Types from here on may be skipped by who does not know them. */
export const FIRST_OPTIONAL_TYPE = 0x40;

/** Length, type and id. */
export const HEADER_BYTES = 8;

/** Largest payload of a frame: what its length can say. */
export const MAX_FRAME_BYTES = 0xff_ffff;

/** Largest payload of a frame other than `DATA`, and of a message that is not cut into several. */
export const WHOLE_BYTES = 16 * 1024;

/** Largest piece of a message that is cut. */
export const PIECE_BYTES = 128 * 1024;

/** Largest head of a call or stream. */
export const MAX_HEAD_BYTES = 64 * 1024;

/** Most headers of a call or stream. */
export const MAX_HEADERS = 256;

/** Last id of a connection: it is replaced by a new one then. */
export const MAX_ID = 0x7fff_ffff;

/** Id of what concerns the large messages of all streams together: beyond those of calls and streams. */
export const STREAMS_ID = 0x8000_0000;

/** Which part of a message a frame has: all of it, or its beginning. */
export type Part = 'whole' | 'first';

/** Whether more pieces of a message follow. */
export type Piece = 'more' | 'last';
