import { MeshError } from '../../errors/mesh-error.js';
import { type FailureEnvelope, MAX_DETAILS, MAX_MESSAGE_LENGTH } from '../envelope.js';
import { PayloadReader, type PayloadWriter, violation } from '../payload.js';
import { type ContentToWrite, type PackedContent, readContent, writeContent } from './packed-content.js';
import type { PayloadPlace } from '../payload-place.js';

/** How an answer begins. */
const SUCCESS = 0;
const FAILURE = 1;

/** Longest code of a failure, in characters. */
const MAX_CODE_LENGTH = 64;

/** Writes the answer to a call that succeeded into a writer that was cleared. @returns what is to be sent behind it */
export function writePackedSuccess(
  out: PayloadWriter,
  content: ContentToWrite,
  place: PayloadPlace = 'within',
): Uint8Array | undefined {
  out.number(SUCCESS);
  return writeContent(out, content, place);
}

/** Writes the answer to a call that failed into a writer that was cleared. */
export function writePackedFailure(out: PayloadWriter, { code, message, cause }: FailureEnvelope): void {
  const details = cause.details ?? [];
  out.number(FAILURE).text(code).text(message).number(details.length);
  for (const detail of details) out.text(detail);
}

/**
 * Reads a packed answer: hands out its content, or throws the error that it tells of.
 *
 * @throws MeshError with the peer's code, message and details; E0000000616 when it is malformed
 */
export function readPackedAnswer(body: Uint8Array): PackedContent {
  const input = new PayloadReader(
    Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
  );
  const outcome = input.number();
  if (outcome === SUCCESS) return readContent(input);
  if (outcome !== FAILURE) throw violation(`an answer begins with ${outcome}`);
  throw readFailure(input);
}

function readFailure(input: PayloadReader): MeshError {
  const code = input.text();
  const message = input.text();
  const count = input.number();
  if (code === '' || code.length > MAX_CODE_LENGTH) throw violation('an answer has no code that can be one');
  if (count > MAX_DETAILS) throw violation(`an answer has ${count} details, more than ${MAX_DETAILS}`);
  const details: string[] = [];
  for (let i = 0; i < count; i++) details.push(input.text().slice(0, MAX_MESSAGE_LENGTH));
  return new MeshError(code, message === '' ? undefined : message.slice(0, MAX_MESSAGE_LENGTH), { details });
}
