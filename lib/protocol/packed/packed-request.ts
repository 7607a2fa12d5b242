import { emptyRecord } from '../../collections/records.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { MAX_ATTACHMENT_LENGTH, MAX_ATTACHMENTS } from '../envelope.js';
import { PayloadReader, type PayloadWriter, violation } from '../payload.js';
import { type ContentToWrite, type PackedContent, readContent, writeContent } from './packed-content.js';
import type { PayloadPlace } from '../payload-place.js';

/**
 * What a packed request says: all that differs from call to call. The URN, the parties and whatever else calls have in common
 * stand in the headers.
 */
export interface PackedRequest<Content extends ContentToWrite = PackedContent> {
  /** Time that the caller gives it, in ms; 0 where the transport says it, or nobody does. */
  readonly timeoutMs: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly runMode: number;
  /** What the caller lets travel beside the arguments, by lower-case name. Read: without a prototype. */
  readonly attachments: Readonly<Record<string, string>>;
  /** The arguments: one object, each under its own name. */
  readonly content: Content;
}

/** Version of the form, the first byte of a request. */
const VERSION = 1;

/** Writes a packed request into a writer that was cleared. @returns what is to be sent behind it */
export function writePackedRequest(
  out: PayloadWriter,
  request: PackedRequest<ContentToWrite>,
  place: PayloadPlace = 'within',
): Uint8Array | undefined {
  out.number(VERSION).number(request.timeoutMs).text(request.traceId).text(request.spanId).number(request.runMode);
  const { attachments } = request;
  const names = Object.keys(attachments);
  out.number(names.length);
  for (const name of names) out.text(name).text(attachments[name] as string);
  return writeContent(out, request.content, place);
}

/**
 * Reads a packed request.
 *
 * @throws MeshError E0000000616 when it is malformed; E0000000400 for attachments that are no such names and values
 */
export function readPackedRequest(body: Uint8Array): PackedRequest {
  const input = begun(body);
  const timeoutMs = input.number();
  const traceId = input.text();
  const spanId = input.text();
  const runMode = input.number();
  const attachments = readAttachments(input);
  return { timeoutMs, traceId, spanId, runMode, attachments, content: readContent(input) };
}

/** The time that a packed request gives, as {@link PackedRequest.timeoutMs}. @throws MeshError E0000000616 when it is none */
export function readPackedTimeout(body: Uint8Array): number {
  return begun(body).number();
}

function begun(body: Uint8Array): PayloadReader {
  const input = new PayloadReader(bufferOf(body));
  const version = input.number();
  if (version !== VERSION) throw violation(`a request is packed in version ${version}; ${VERSION} is understood`);
  return input;
}

function readAttachments(input: PayloadReader): Record<string, string> {
  const count = input.number();
  if (count > MAX_ATTACHMENTS) throw invalid(`it must have at most ${MAX_ATTACHMENTS} attachments, got ${count}`);
  const attachments = emptyRecord();
  for (let i = 0; i < count; i++) {
    const name = input.text().toLowerCase();
    const value = input.text();
    if (name === '__proto__') throw invalid("an attachment must not be named '__proto__'");
    if (name.length > MAX_ATTACHMENT_LENGTH || value.length > MAX_ATTACHMENT_LENGTH) {
      throw invalid(`an attachment must be at most ${MAX_ATTACHMENT_LENGTH} characters, name and value each`);
    }
    attachments[name] = value;
  }
  return attachments;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function invalid(what: string): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, `invalid request: ${what}`);
}
