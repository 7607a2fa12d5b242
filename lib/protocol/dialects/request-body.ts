import { emptyRecord } from '../../collections/records.js';
import type { FieldFormats } from '../dialect.js';
import { Header } from '../headers.js';
import { decodePtp } from '../ptp/protobuf-reader.js';
import { encodePtp, encodePushParts } from '../ptp/protobuf-writer.js';
import type { SessionOperation, SessionRequest } from '../session-call.js';
import { decodeFields, type Encoding, isProtobuf, typeOf } from './content.js';
import {
  checkTopic,
  fieldOf,
  type Fields,
  invalid,
  readBytes,
  readMetadata,
  readText,
  readTimeout,
  writeTimeout,
} from './fields.js';
import { type PayloadPlace, standsBehind } from '../payload-place.js';

/** What a request of the session API says in its body. What is absent is empty. */
export interface RequestBody {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly timeoutMs: number | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A request as it was written: the payload may stand behind the body. */
export interface RequestParts {
  readonly body: Uint8Array;
  readonly tail: Uint8Array | undefined;
}

const NOTHING = new Uint8Array(0);

/**
 * Reads the body of a request in the layout of the standard, which all but yacl's HTTP have.
 * @throws MeshError E0000000616 when it is malformed; E0000000400 when a field is not what it must be
 */
export function readRequestBody(
  operation: SessionOperation,
  encoding: Encoding,
  body: Uint8Array,
  formats: FieldFormats,
): RequestBody {
  return isProtobuf(encoding)
    ? readProtobuf(operation, body)
    : readFields(operation, decodeFields(encoding, body, formats));
}

function readProtobuf(operation: SessionOperation, body: Uint8Array): RequestBody {
  switch (operation) {
    case 'push': {
      const { topic, payload, metadata } = decodePtp('PushInbound', body);
      return { topic: checkTopic(topic), payload, timeoutMs: undefined, metadata: readMetadata(metadata) };
    }
    case 'pop': {
      const { topic, timeout } = decodePtp('PopInbound', body);
      return withoutPayload(topic, readTimeout('timeout', timeout));
    }
    case 'peek':
      return withoutPayload(decodePtp('PeekInbound', body).topic, undefined);
    case 'release': {
      const { topic, timeout } = decodePtp('ReleaseInbound', body);
      return withoutPayload(topic, readTimeout('timeout', timeout));
    }
  }
}

function readFields(operation: SessionOperation, fields: Fields): RequestBody {
  const topic = readText('topic', fieldOf(fields, 'topic'));
  if (operation !== 'push') return withoutPayload(topic, readTimeout('timeout', fieldOf(fields, 'timeout')));
  if (!Object.hasOwn(fields, 'payload')) throw invalid("a push must have a 'payload': its bytes, in base64");
  return {
    topic: checkTopic(topic),
    payload: readBytes('payload', fieldOf(fields, 'payload') ?? NOTHING),
    timeoutMs: undefined,
    metadata: readMetadata(fieldOf(fields, 'metadata')),
  };
}

function withoutPayload(topic: string, timeoutMs: number | undefined): RequestBody {
  return { topic: checkTopic(topic), payload: NOTHING, timeoutMs, metadata: emptyRecord() };
}

/**
 * Writes the body of a request in the layout of the standard. The id of the message travels in its metadata.
 * @throws MeshError E0000000400 when the topic or the timeout cannot be said; E0000000616 when the content type is unknown
 */
export function writeRequestBody(request: SessionRequest, encoding: Encoding, formats: FieldFormats): Uint8Array {
  checkTopic(request.topic);
  return isProtobuf(encoding) ? writeProtobuf(request) : formats(typeOf(encoding)).encode(fieldsOf(request));
}

/** The same, with a large payload behind the body where that may be. @throws MeshError as {@link writeRequestBody} */
export function writeRequestParts(
  request: SessionRequest,
  encoding: Encoding,
  formats: FieldFormats,
  place: PayloadPlace = 'within',
): RequestParts {
  const { operation, topic, payload } = request;
  if (operation !== 'push' || !isProtobuf(encoding) || !standsBehind(payload, place)) {
    return { body: writeRequestBody(request, encoding, formats), tail: undefined };
  }
  return encodePushParts({ topic: checkTopic(topic), payload, metadata: metadataOf(request) });
}

function writeProtobuf(request: SessionRequest): Uint8Array {
  const { topic, payload } = request;
  switch (request.operation) {
    case 'push':
      return encodePtp('PushInbound', { topic, payload, metadata: metadataOf(request) });
    case 'pop':
      return encodePtp('PopInbound', { topic, timeout: writeTimeout(request.timeoutMs) });
    case 'peek':
      return encodePtp('PeekInbound', { topic });
    case 'release':
      return encodePtp('ReleaseInbound', { topic, timeout: writeTimeout(request.timeoutMs) });
  }
}

function fieldsOf(request: SessionRequest): Fields {
  const { operation, topic, payload, timeoutMs } = request;
  if (operation === 'peek') return { topic };
  if (operation !== 'push') return timeoutMs === undefined ? { topic } : { topic, timeout: writeTimeout(timeoutMs) };
  const metadata = metadataOf(request);
  return Object.keys(metadata).length === 0 ? { topic, payload } : { topic, payload, metadata };
}

function metadataOf({ metadata, messageId }: SessionRequest): Record<string, string> {
  const written = readMetadata(metadata);
  if (messageId !== '') written[Header.MESSAGE_ID] = messageId;
  return written;
}
