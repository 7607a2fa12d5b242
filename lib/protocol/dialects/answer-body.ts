import { MESH_CODE_TEXT, MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { FieldFormats, RawAnswer, Written } from '../dialect.js';
import { MAX_MESSAGE_LENGTH } from '../envelope.js';
import type { PtpLayout } from '../ptp/messages.js';
import { ABSENT_BYTES, decodePtp } from '../ptp/protobuf-reader.js';
import { encodeAnswerParts, encodePtp } from '../ptp/protobuf-writer.js';
import type { SessionAnswer, SessionOperation } from '../session-call.js';
import { decodeFields, type Encoding, isProtobuf, typeOf } from './content.js';
import { fieldOf, type Fields, readBytes, readMetadata, readText } from './fields.js';
import { type PayloadPlace, standsBehind } from '../payload-place.js';

/** How a dialect writes answers. Every spelling is read. */
export interface AnswerSpelling {
  /** Numbers of the fields in protobuf. */
  readonly layout: PtpLayout;
  /** Name of the payload in other formats. */
  readonly payload: 'content' | 'payload';
  /** Name of the message in other formats. */
  readonly message: 'message' | 'msg';
  /** The code that says that there is no message; E0000000000 where an absent payload says it. */
  readonly none: MeshCode;
}

/** Longest status code received, in characters. */
const MAX_CODE_LENGTH = 64;

/**
 * An empty payload, said in protobuf (standard layout): field 2 of length 0. Encoders leave it out, which is how no message
 * looks, so it is appended; for a decoder that does not tell them apart it changes nothing.
 */
const EMPTY_PAYLOAD = Uint8Array.of(0x12, 0x00);

const NOTHING = new Uint8Array(0);

/** Writes an answer. */
export function writeAnswerBody(
  operation: SessionOperation,
  answer: SessionAnswer,
  spelling: AnswerSpelling,
  encoding: Encoding,
  formats: FieldFormats,
  place: PayloadPlace = 'within',
): RawAnswer & Written {
  const said = hasNoMessage(operation, answer) ? noMessage(answer, spelling) : answer;
  const contentType = typeOf(encoding);
  if (isProtobuf(encoding)) return { contentType, ...writeProtobuf(said, spelling.layout, place) };
  return { contentType, body: formats(contentType).encode(fieldsOf(said, spelling)) };
}

/** Whether a call that takes a message succeeded without one. */
function hasNoMessage(operation: SessionOperation, { code, payload }: SessionAnswer): boolean {
  return takesMessage(operation) && code === MeshCode.SUCCESS && payload === undefined;
}

function noMessage(answer: SessionAnswer, { none }: AnswerSpelling): SessionAnswer {
  return none === MeshCode.SUCCESS ? answer : { ...answer, code: none, message: 'there is no message in the topic' };
}

function writeProtobuf(
  { code, message, payload = NOTHING, metadata }: SessionAnswer,
  layout: PtpLayout,
  place: PayloadPlace,
): Pick<RawAnswer & Written, 'body' | 'tail'> {
  const fields = { metadata, payload, code, message: asJsonText(message) };
  if (standsBehind(payload, place)) return encodeAnswerParts(fields, layout);
  const bytes = encodePtp('TransportOutbound', fields, layout);
  const isEmpty = payload !== NOTHING && payload.byteLength === 0 && layout === 'standard';
  return { body: isEmpty ? Buffer.concat([bytes, EMPTY_PAYLOAD]) : bytes };
}

/**
 * A message that means itself inside a JSON string. The reference Python SDK puts it there as it is, and
 * would report a syntax error of its own instead of the code.
 */
function asJsonText(message: string): string {
  return message
    .replaceAll('"', "'")
    .replaceAll('\\', '/')
    .replaceAll(/\p{Cc}/gu, ' ');
}

function fieldsOf({ code, message, payload, metadata }: SessionAnswer, spelling: AnswerSpelling): Fields {
  return {
    code,
    [spelling.message]: message,
    ...(payload && { [spelling.payload]: payload }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
}

/** What stands in an answer, however it is spelt. */
interface AnswerBody {
  readonly code: unknown;
  readonly message: unknown;
  readonly payload: Uint8Array | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads an answer. That there is no message is a success without payload, however the peer says it.
 * @throws MeshError E0000000616 when the answer is not well formed
 */
export function readAnswerBody(
  operation: SessionOperation,
  encoding: Encoding,
  body: Uint8Array,
  spelling: AnswerSpelling,
  formats: FieldFormats,
): SessionAnswer {
  try {
    const read = isProtobuf(encoding)
      ? readProtobuf(body, spelling.layout)
      : readFields(decodeFields(encoding, body, formats), spelling);
    return interpret(operation, read, spelling);
  } catch (error) {
    throw malformedAnswer(error);
  }
}

function readProtobuf(body: Uint8Array, layout: PtpLayout): AnswerBody {
  const { code, message, payload, metadata } = decodePtp('TransportOutbound', body, layout);
  // An empty payload that yacl's layout shows was left out by whoever has no message.
  const isAbsent = payload === ABSENT_BYTES || (layout === 'yacl' && payload.byteLength === 0);
  return { code, message, payload: isAbsent ? undefined : payload, metadata: readMetadata(metadata) };
}

function readFields(fields: Fields, { payload, message }: AnswerSpelling): AnswerBody {
  const bytes = fieldOf(fields, payload, 'content', 'payload');
  return {
    code: fieldOf(fields, 'code'),
    message: fieldOf(fields, message, 'message', 'msg'),
    payload: bytes === undefined ? undefined : readBytes(payload, bytes),
    metadata: readMetadata(fieldOf(fields, 'metadata')),
  };
}

function interpret(operation: SessionOperation, body: AnswerBody, { none }: AnswerSpelling): SessionAnswer {
  const { metadata } = body;
  const code = readCode(body.code);
  const message = readText('message', body.message).slice(0, MAX_MESSAGE_LENGTH);
  if (!takesMessage(operation)) return { code, message, payload: undefined, metadata };
  if (code === MeshCode.SUCCESS) return { code, message, payload: body.payload, metadata };
  if (code !== none) return { code, message, payload: undefined, metadata };
  return { code: MeshCode.SUCCESS, message: MESH_CODE_TEXT[MeshCode.SUCCESS], payload: undefined, metadata };
}

/** M's older nodes say `0` for success. */
function readCode(code: unknown): string {
  if (code === 0 || code === 0n || code === '0') return MeshCode.SUCCESS;
  if (typeof code === 'string' && code !== '' && code.length <= MAX_CODE_LENGTH) return code;
  throw new MeshError(MeshCode.ENCODING, "it must have a status 'code'");
}

function takesMessage(operation: SessionOperation): boolean {
  return operation === 'pop' || operation === 'peek';
}

function malformedAnswer(error: unknown): MeshError {
  const reason = error instanceof Error ? error.message : String(error);
  return new MeshError(MeshCode.ENCODING, `the peer's answer is malformed: ${reason}`, { cause: error });
}
