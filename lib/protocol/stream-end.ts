import { MeshCode } from '../errors/mesh-code.js';

/** Metadata of an empty message that ends a stream: its code. Ours: other implementations see an empty message. */
const STREAM_END = 'mesh-stream-end';

/** Metadata beside {@link STREAM_END}: what went wrong, for the reader. */
const STREAM_MESSAGE = 'mesh-stream-message';

/** Longest text that is sent, in characters. */
const MAX_TEXT_LENGTH = 1_024;

const CODE = /^E\d{10}$/;

/** How a stream of messages ended at the side that pushed it. */
export interface StreamEnd {
  /** A status code; E0000000000 when nothing more was to come. */
  readonly code: string;
  readonly message: string;
}

/** The metadata of the empty message that tells the end of a stream. */
export function writeStreamEnd({ code, message }: StreamEnd): Readonly<Record<string, string>> {
  return { [STREAM_END]: code, [STREAM_MESSAGE]: message.slice(0, MAX_TEXT_LENGTH) };
}

/** Whether the metadata of a push, or of the first packet of one, tells the end of a stream. */
export function endsStream(metadata: Readonly<Record<string, string>>): boolean {
  return Object.hasOwn(metadata, STREAM_END);
}

/** The end of a stream that a message tells; `undefined` when it is a message like any other. */
export function readStreamEnd(payload: Uint8Array, metadata: Readonly<Record<string, string>>): StreamEnd | undefined {
  if (payload.byteLength > 0 || !endsStream(metadata)) return undefined;
  const code = metadata[STREAM_END] as string;
  if (!CODE.test(code)) return undefined;
  return { code, message: Object.hasOwn(metadata, STREAM_MESSAGE) ? (metadata[STREAM_MESSAGE] as string) : '' };
}

/** Whether a stream ended because nothing more was to come. */
export function isCompletion({ code }: StreamEnd): boolean {
  return code === MeshCode.SUCCESS;
}
