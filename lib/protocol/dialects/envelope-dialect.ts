import type { Dialect, FieldFormats, RawAnswer, RawRequest, Written } from '../dialect.js';
import { Header } from '../headers.js';
import type { SessionAnswer, SessionOperation, SessionRequest } from '../session-call.js';
import { type AnswerSpelling, readAnswerBody, writeAnswerBody } from './answer-body.js';
import { answerEncoding, typeOf } from './content.js';
import { headerTimeout, headerTopic, readHead, splitMessageId, writeHead } from './head.js';
import { readRequestBody, writeRequestParts } from './request-body.js';
import type { PayloadPlace } from '../payload-place.js';

/** What sets a dialect apart that has the standard's messages. */
export interface EnvelopeManners {
  readonly spelling: AnswerSpelling;
  /** Whose topic and timeout count when both the body and the headers name one. */
  readonly precedence: 'body' | 'headers';
}

/** A dialect whose requests and answers are messages of the standard in every content type: all but yacl. */
export abstract class EnvelopeDialect implements Dialect {
  protected constructor(private readonly manners: EnvelopeManners) {}

  abstract recognise(request: RawRequest): number;

  readRequest(request: RawRequest, formats: FieldFormats): SessionRequest {
    const { operation, headers } = request;
    const body = readRequestBody(operation, request, request.body, formats);
    const fromHeaders = this.manners.precedence === 'headers';
    const topic = headerTopic(headers);
    const timeoutMs = headerTimeout(headers);
    const head = readHead(headers);
    const { messageId, metadata } = splitMessageId(headers, body.metadata);
    // Named one by one: to spread the head and the rest took most of the time of a small request.
    return {
      operation,
      session: head.session,
      topic: (fromHeaders && topic) || body.topic || topic,
      payload: body.payload,
      timeoutMs: (fromHeaders ? timeoutMs : undefined) ?? body.timeoutMs ?? timeoutMs,
      messageId,
      metadata,
      parties: head.parties,
      traceId: head.traceId,
      token: head.token,
      providerCode: head.providerCode,
    };
  }

  writeAnswer(
    request: RawRequest,
    answer: SessionAnswer,
    formats: FieldFormats,
    place?: PayloadPlace,
  ): RawAnswer & Written {
    const encoding = answerEncoding(request, formats);
    const said = withMessageId(request, answer);
    return writeAnswerBody(request.operation, said, this.manners.spelling, encoding, formats, place);
  }

  writeRequest(
    request: SessionRequest,
    wire: 'grpc' | 'http',
    contentType: string,
    formats: FieldFormats,
    place?: PayloadPlace,
  ): RawRequest & Written {
    const { operation } = request;
    const type = typeOf({ wire, contentType });
    const { body, tail } = writeRequestParts(request, { wire, contentType: type }, formats, place);
    return { operation, wire, headers: writeHead(request), query: '', contentType: type, body, tail };
  }

  readAnswer(
    operation: SessionOperation,
    wire: 'grpc' | 'http',
    { contentType, body }: RawAnswer,
    formats: FieldFormats,
  ): SessionAnswer {
    return readAnswerBody(operation, { wire, contentType }, body, this.manners.spelling, formats);
  }
}

/** Who acknowledges messages recognises by its id one that comes again. */
function withMessageId({ headers }: RawRequest, answer: SessionAnswer): SessionAnswer {
  if (!answer.messageId || headers[Header.ACKNOWLEDGE] !== '1') return answer;
  return { ...answer, metadata: { ...answer.metadata, [Header.MESSAGE_ID]: answer.messageId } };
}
