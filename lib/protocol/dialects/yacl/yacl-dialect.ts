import { MeshCode } from '../../../errors/mesh-code.js';
import { MeshExtension } from '../../../kernel/extension.decorator.js';
import {
  type Dialect,
  DIALECT,
  type FieldFormats,
  type RawAnswer,
  type RawRequest,
  type Written,
} from '../../dialect.js';
import { Header } from '../../headers.js';
import type { SessionAnswer, SessionOperation, SessionRequest } from '../../session-call.js';
import { type AnswerSpelling, readAnswerBody, writeAnswerBody } from '../answer-body.js';
import { JSON_TYPE, PROTOBUF } from '../content.js';
import { emptyRecord } from '../../../collections/records.js';
import { checkTopic, invalid } from '../fields.js';
import { headerTimeout, headerTopic, readHead, setHeader, splitMessageId, writeHead } from '../head.js';
import { readRequestBody, writeRequestParts } from '../request-body.js';
import { recogniseYacl } from './recognise-yacl.js';
import { readTimeoutQuery, writeTimeoutQuery } from './timeout-query.js';
import type { PayloadPlace } from '../../payload-place.js';

const SPELLING: AnswerSpelling = {
  layout: 'yacl',
  payload: 'content',
  message: 'message',
  none: MeshCode.NOT_FOUND,
};

const NOTHING = new Uint8Array(0);

/**
 * The session API as the "blackbox" link of SecretFlow yacl calls it, which SPU and PSI use: over HTTP the body of a push is
 * the payload itself, the topic stands in a header, the wait of a pop in the query, in seconds; answers are protobuf, in a
 * layout of its own, without metadata.
 */
@MeshExtension(DIALECT, 'yacl')
export class YaclDialect implements Dialect {
  recognise(request: RawRequest): number {
    return recogniseYacl(request);
  }

  readRequest(request: RawRequest, formats: FieldFormats): SessionRequest {
    const { operation, wire, headers, query, body } = request;
    const read = wire === 'grpc' ? readRequestBody(operation, request, body, formats) : undefined;
    const head = readHead(headers);
    const { messageId, metadata } = splitMessageId(headers, read?.metadata ?? emptyRecord());
    return {
      operation,
      session: head.session,
      topic: headerTopic(headers) || (read?.topic ?? ''),
      payload: read?.payload ?? (operation === 'push' ? body : NOTHING),
      timeoutMs: readTimeoutQuery(query) ?? headerTimeout(headers) ?? read?.timeoutMs,
      messageId,
      metadata,
      parties: head.parties,
      traceId: head.traceId,
      token: head.token,
      providerCode: head.providerCode,
    };
  }

  writeAnswer(
    { operation, wire }: RawRequest,
    answer: SessionAnswer,
    formats: FieldFormats,
    place?: PayloadPlace,
  ): RawAnswer & Written {
    return writeAnswerBody(operation, answer, SPELLING, { wire, contentType: PROTOBUF }, formats, place);
  }

  /** @throws MeshError E0000000400 when the request has metadata, for which there is no place, or the topic is no header */
  writeRequest(
    request: SessionRequest,
    wire: 'grpc' | 'http',
    _contentType: string,
    formats: FieldFormats,
    place?: PayloadPlace,
  ): RawRequest & Written {
    const { operation } = request;
    const headers = writeHead(request);
    setHeader(headers, Header.TOPIC, checkTopic(request.topic));
    if (wire === 'grpc') {
      const encoding = { wire, contentType: PROTOBUF };
      return { ...encoding, operation, headers, query: '', ...writeRequestParts(request, encoding, formats, place) };
    }
    if (Object.keys(request.metadata).length > 0) throw invalid('a push to a yacl peer over HTTP cannot have metadata');
    const query = operation === 'pop' ? writeTimeoutQuery(request.timeoutMs) : '';
    return { operation, wire, headers, query, contentType: '', body: operation === 'push' ? request.payload : NOTHING };
  }

  /** A server of this kind answers in protobuf, whatever it says it does, unless it says JSON. */
  readAnswer(
    operation: SessionOperation,
    wire: 'grpc' | 'http',
    { contentType, body }: RawAnswer,
    formats: FieldFormats,
  ): SessionAnswer {
    const encoding = { wire, contentType: contentType === JSON_TYPE ? JSON_TYPE : PROTOBUF };
    return readAnswerBody(operation, encoding, body, SPELLING, formats);
  }
}
