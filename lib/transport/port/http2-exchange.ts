import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { HttpAnswer, HttpExchange, HttpExchangeOwner } from './http-exchange.js';

/** Time for a caller to end its side of a stream that has its answer, in ms. A reset would overtake the answer. */
const CALLER_GRACE_MS = 1_000;

/** A request over HTTP/2. */
export class Http2Exchange implements HttpExchange {
  readonly method: string;
  readonly target: string;
  private written = false;

  constructor(
    private readonly stream: ServerHttp2Stream,
    readonly headers: IncomingHttpHeaders,
    readonly peer: string,
  ) {
    this.method = headers[':method'] ?? '';
    this.target = headers[':path'] ?? '';
    // `close` follows, and says what there is to say.
    stream.on('error', () => undefined);
  }

  receive(owner: HttpExchangeOwner): void {
    const { stream } = this;
    stream.on('data', (chunk: Buffer) => owner.gotData(chunk)).on('end', () => owner.gotEnd());
    stream.once('close', () => owner.gotOver(this.endedWell() ? 'delivered' : 'lost'));
    if (this.headers.expect?.toLowerCase() === '100-continue' && !stream.headersSent) {
      stream.additionalHeaders({ ':status': constants.HTTP_STATUS_CONTINUE });
    }
  }

  /** Nothing is made to wait for it. */
  hold(): void {}

  answer({ status, headers, body }: HttpAnswer): void {
    const { stream } = this;
    if (stream.destroyed || stream.closed) return;
    const bodiless = this.method === 'HEAD' || body.length === 0;
    if (bodiless) {
      stream.respond({ ':status': status, ...headers }, { endStream: true });
      this.written = true;
    } else {
      // `finish` is often lost when a stream closes; that trailers are wanted says the same: all of the body was taken.
      stream.respond({ ':status': status, ...headers }, { waitForTrailers: true });
      stream.once('wantTrailers', () => this.gotWritten()).end(body);
    }
    if (!stream.readableEnded) this.stopCallerLater();
  }

  destroy(): void {
    this.stream.close(constants.NGHTTP2_NO_ERROR);
  }

  private endedWell(): boolean {
    return this.written && this.stream.rstCode === constants.NGHTTP2_NO_ERROR;
  }

  private gotWritten(): void {
    this.written = true;
    this.stream.sendTrailers({});
  }

  private stopCallerLater(): void {
    const timer = setTimeout(() => this.destroy(), CALLER_GRACE_MS).unref();
    this.stream.once('close', () => clearTimeout(timer)).resume();
  }
}
