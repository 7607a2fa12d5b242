import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { grpcStatusOf } from '../../../errors/grpc-status.js';
import { MeshCode } from '../../../errors/mesh-code.js';
import { MeshError } from '../../../errors/mesh-error.js';
import { ByteReader } from '../../byte-reader.js';
import { writeBytes } from '../../byte-writer.js';
import { AnswerWriter } from '../../grpc/answer-writer.js';
import { decodeTimeout, encodeStatusMessage } from '../../grpc/headers.js';
import { endToEnd } from '../../hop-by-hop.js';
import { mediaTypeOf } from '../../http-headers.js';
import { splitQuery } from '../../paths.js';
import type { PassageAnswer, PassageHeaders, WireHeaders } from '../../transport.js';
import { httpRefusal } from '../http-messages.js';
import { plainHeaders } from './http1-head.js';
import type { PassageExchange, PassageHead } from './passage-exchange.js';

/** Time for a caller to end its side of a stream that has its answer, in ms. A reset would overtake the answer. */
const CALLER_GRACE_MS = 1_000;

/** The media type of gRPC, and those of its encodings; gRPC-Web is another protocol. */
const GRPC = /^application\/grpc(?:\+|$)/;

/** Answers without a body (RFC 9110, 6.4.1). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** A passage over HTTP/2. */
export class Http2Passage implements PassageExchange {
  readonly head: PassageHead;
  readonly body: ByteReader;
  private requestTrailers: PassageHeaders = {};
  private answerTrailers: OutgoingHttpHeaders = {};
  private state: 'waiting' | 'answering' | 'ended' = 'waiting';

  constructor(
    private readonly stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    peer: string,
  ) {
    this.head = headOf(stream, headers, peer);
    this.body = new ByteReader({
      stream,
      // A stream that is broken off ends, too; one whose caller has said all is still open, since it has no answer.
      isWhole: () => !stream.closed || this.state === 'ended',
      failure: () => new MeshError(MeshCode.CANCELLED, `the request to '${this.head.path}' broke off`),
      onBegin: () => this.askForBody(),
    });
    stream.once('trailers', (trailers) => (this.requestTrailers = endToEnd(trailers)));
    stream.once('wantTrailers', () => stream.sendTrailers(this.answerTrailers));
  }

  onOver(tell: () => void): void {
    this.stream.once('close', tell);
  }

  trailers(): PassageHeaders {
    return this.requestTrailers;
  }

  begin({ status, headers }: PassageAnswer): void {
    if (status < 200) throw new MeshError(MeshCode.SYSTEM_ERROR, `an answer cannot have the status ${status}`);
    const { stream } = this;
    const sent = { ':status': status, ...endToEnd(headers) } as OutgoingHttpHeaders;
    const isBodiless =
      this.head.method === 'HEAD' ||
      BODILESS.has(status) ||
      headers['content-length'] === '0' ||
      // An answer of gRPC that is nothing but its status has it where it begins.
      (this.head.wire === 'grpc' && headers['grpc-status'] !== undefined);
    if (!stream.destroyed) stream.respond(sent, isBodiless ? { endStream: true } : { waitForTrailers: true });
    this.state = isBodiless ? 'ended' : 'answering';
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.state === 'answering' ? writeBytes(this.stream, chunk) : Promise.resolve();
  }

  end(trailers: PassageHeaders): void {
    this.finish(endToEnd(trailers) as OutgoingHttpHeaders);
  }

  refuse(error: MeshError): void {
    const { stream, head } = this;
    if (stream.destroyed || stream.closed) return;
    this.body.leave();
    this.state = 'ended';
    if (head.wire === 'grpc') return new AnswerWriter(stream).fail(error);
    const { status, headers, body } = httpRefusal(error);
    stream.respond({ ':status': status, ...headers }, { endStream: head.method === 'HEAD' });
    if (head.method !== 'HEAD') stream.end(body);
    this.stopCallerLater();
  }

  breakOff(error: MeshError): void {
    const { stream, head } = this;
    const canSay = head.wire === 'grpc' && this.state === 'answering' && !stream.writableNeedDrain;
    if (!canSay) return stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    const status = `${grpcStatusOf(error.code)}`;
    this.finish({ 'grpc-status': status, 'grpc-message': encodeStatusMessage(error.message) });
  }

  private finish(trailers: OutgoingHttpHeaders): void {
    this.answerTrailers = trailers;
    this.body.leave();
    if (this.state === 'answering') this.stream.end();
    this.state = 'ended';
    this.stopCallerLater();
  }

  private askForBody(): void {
    if (this.head.headers['expect']?.toLowerCase() !== '100-continue' || this.stream.headersSent) return;
    this.stream.additionalHeaders({ ':status': constants.HTTP_STATUS_CONTINUE });
  }

  private stopCallerLater(): void {
    const { stream } = this;
    if (stream.readableEnded || stream.closed) return;
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), CALLER_GRACE_MS).unref();
    stream.once('close', () => clearTimeout(timer));
    // A stream that was read piece by piece flows only after it has noticed that nobody does so any more.
    setImmediate(() => stream.resume());
  }
}

function headOf(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, peer: string): PassageHead {
  const target = headers[':path'] ?? '';
  const contentType = mediaTypeOf(headers['content-type']);
  const isGrpc = GRPC.test(contentType);
  return {
    ...splitQuery(target),
    target,
    headers: headersOf(headers),
    wire: isGrpc ? 'grpc' : 'http',
    method: headers[':method'] ?? '',
    contentType: isGrpc ? 'application/grpc' : contentType,
    version: '2',
    scheme: stream.session?.encrypted ? 'https' : 'http',
    length: stream.endAfterHeaders ? 0 : announced(headers['content-length']),
    upgrade: '',
    deadline: deadlineOf(isGrpc ? headers['grpc-timeout'] : undefined),
    peer,
  };
}

function headersOf(received: IncomingHttpHeaders): WireHeaders {
  const headers = plainHeaders(received) as Record<string, string>;
  const authority = received[':authority'];
  if (authority !== undefined) headers['host'] = authority;
  return headers;
}

function announced(length: string | undefined): number | undefined {
  return length === undefined ? undefined : Number(length);
}

/** When the caller gives up; at once when what it says of that is malformed. */
function deadlineOf(timeout: string | string[] | undefined): number {
  return timeout === undefined ? Infinity : Date.now() + (decodeTimeout(String(timeout)) ?? 0);
}
