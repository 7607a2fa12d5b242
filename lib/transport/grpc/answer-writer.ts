import {
  constants,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
  type ServerStreamResponseOptions,
} from 'node:http2';
import { GrpcStatus, grpcStatusOf } from '../../errors/grpc-status.js';
import type { MeshError } from '../../errors/mesh-error.js';
import { Header, PACKED } from '../../protocol/headers.js';
import { endWithFrame, writeFrame } from './frames.js';
import { encodeStatusMessage } from './headers.js';

const contentType = { ':status': 200, 'content-type': 'application/grpc' } as const;
/** Calls come over gRPC only to a port, and every port serves the TCP protocol, too. */
const answerHeaders: OutgoingHttpHeaders = {
  ...contentType,
  [Header.CALL_STREAMS]: '1',
  [Header.FORMS]: PACKED,
  [Header.TRANSPORTS]: 'tcp',
  [Header.TUNNEL]: '1',
};
/** gRPC has no use for the date of an answer, and each header costs. */
const answerOptions: ServerStreamResponseOptions & { readonly sendDate: false } = {
  waitForTrailers: true,
  sendDate: false,
};
const okTrailers: OutgoingHttpHeaders = { 'grpc-status': `${GrpcStatus.OK}` };

/** Time for a caller to end its side of a stream that has its status, in ms. A reset would overtake the status. */
const CALLER_GRACE_MS = 1_000;

/** Writes the answers and the status of one gRPC stream at the server. */
export class AnswerWriter {
  /** Whether the status was sent. */
  ended = false;
  private trailers = okTrailers;

  constructor(private readonly stream: ServerHttp2Stream) {}

  /** Whether an answer was written already. */
  get started(): boolean {
    return this.stream.headersSent;
  }

  /**
   * Writes an answer.
   *
   * @param onWritten told once it is written out, or with an error when it will not be
   * @returns whether the next may follow at once; if not, the stream emits `drain` when it may
   */
  write(answer: Uint8Array, onWritten?: (error: Error | null | undefined) => void): boolean {
    this.start();
    return writeFrame(this.stream, answer, onWritten);
  }

  /** Writes the last answer, if there is one, and the status OK. */
  end(answer?: Uint8Array): void {
    if (!answer && !this.started) return this.endWithoutAnswer(okTrailers);
    this.start();
    if (answer) endWithFrame(this.stream, answer);
    else this.stream.end();
  }

  /** Ends the stream with an error; what the caller still sends is not read. */
  fail(error: MeshError): void {
    if (this.stream.destroyed || this.stream.closed) return;
    const status = { 'grpc-status': `${grpcStatusOf(error.code)}`, 'grpc-message': encodeStatusMessage(error.message) };
    if (!this.started) return this.endWithoutAnswer(status);
    this.trailers = status;
    this.stream.end();
  }

  /** The trailers, now that all answers are written. */
  sendTrailers(): void {
    this.stream.sendTrailers(this.trailers);
    this.ended = true;
    if (this.stream.readableEnded) return;
    const timer = setTimeout(() => this.stopCaller(), CALLER_GRACE_MS).unref();
    this.stream.once('close', () => clearTimeout(timer));
  }

  private start(): void {
    if (!this.started) this.stream.respond(answerHeaders, answerOptions);
  }

  private endWithoutAnswer(trailers: OutgoingHttpHeaders): void {
    this.stream.respond({ ...contentType, ...trailers }, { endStream: true });
    this.ended = true;
    this.stopCaller();
  }

  /** Tells a caller who is still sending to stop. */
  private stopCaller(): void {
    if (!this.stream.readableEnded) this.stream.close(constants.NGHTTP2_NO_ERROR);
  }
}
