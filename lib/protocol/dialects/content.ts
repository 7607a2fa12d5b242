import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { FieldFormats } from '../dialect.js';
import { type Fields, kindOf } from './fields.js';

/** Content type of protobuf, as it is sent. */
export const PROTOBUF = 'application/x-protobuf';

/** Content type of JSON: what is meant where nothing is said. */
export const JSON_TYPE = 'application/json';

const PROTOBUF_TYPES: ReadonlySet<string> = new Set([
  PROTOBUF,
  'application/protobuf',
  'application/vnd.google.protobuf',
]);

/** Content types of forms: those who send them expect JSON for an answer. */
const FORM_TYPES: ReadonlySet<string> = new Set(['application/x-www-form-urlencoded', 'multipart/form-data']);

/** How a message is encoded: gRPC's are protobuf, those of HTTP what their content type says. */
export interface Encoding {
  readonly wire: 'grpc' | 'http';
  readonly contentType: string;
}

/** Whether a message is encoded in protobuf. */
export function isProtobuf({ wire, contentType }: Encoding): boolean {
  return wire === 'grpc' || PROTOBUF_TYPES.has(contentType);
}

/** The content type that a message is sent with. */
export function typeOf(encoding: Encoding): string {
  if (encoding.wire === 'grpc') return PROTOBUF;
  return encoding.contentType === '' ? JSON_TYPE : encoding.contentType;
}

/**
 * Decodes a body that is no protobuf. No body has no fields.
 * @throws MeshError E0000000616 when the content type is unknown, or the body is not of it
 */
export function decodeFields(encoding: Encoding, body: Uint8Array, formats: FieldFormats): Fields {
  if (body.byteLength === 0) return {};
  const contentType = typeOf(encoding);
  const fields: unknown = formats(contentType).decode(body);
  if (typeof fields === 'object' && fields !== null && !Array.isArray(fields) && !(fields instanceof Uint8Array)) {
    return fields as Fields;
  }
  throw new MeshError(MeshCode.ENCODING, `the message (${contentType}) must be an object, got ${kindOf(fields)}`);
}

/** How a request is answered: as it came, or in JSON when it came in what no answer can be in. */
export function answerEncoding(request: Encoding, formats: FieldFormats): Encoding {
  const { wire } = request;
  const contentType = typeOf(request);
  if (isProtobuf(request) || (!FORM_TYPES.has(contentType) && isKnown(contentType, formats)))
    return { wire, contentType };
  return { wire, contentType: JSON_TYPE };
}

/** Whether there is a format for a content type. */
export function isKnown(contentType: string, formats: FieldFormats): boolean {
  try {
    formats(contentType);
    return true;
  } catch {
    return false;
  }
}
