import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { InboundConnection, type CallCounter } from '../grpc/inbound-connection.js';
import { isPassage } from '../endpoint.js';
import { splitQuery } from '../paths.js';
import type { Hello } from '../link/hello.js';
import { Http2Exchange } from './http2-exchange.js';
import { HttpRequest, type HttpHost } from './http-request.js';
import { Http2Passage } from './passage/http2-passage.js';
import { ServedPassage } from './passage/served-passage.js';

/** What a connection needs of the port it came through. */
export interface Http2Host extends HttpHost {
  /** What is said to those who tunnel. */
  readonly own: Hello;
}

/** A connection of a port that speaks HTTP/2: some of its streams are gRPC, the others requests; either may be handed on. */
export class Http2PortConnection {
  private readonly grpc: InboundConnection;
  private requests = 0;

  constructor(
    session: ServerHttp2Session,
    private readonly host: Http2Host,
    counter: CallCounter,
  ) {
    this.grpc = new InboundConnection(session, counter, host.maxMessageBytes, host.acceptor, host.own);
    session.on('stream', (stream, headers) => this.open(stream, headers));
  }

  /** Whether a call is under way on it, or may be. */
  get busy(): boolean {
    return this.grpc.busy || this.requests > 0;
  }

  /** Takes no new streams, and closes after the last of those open. */
  drain(): void {
    this.grpc.drain();
  }

  /** Closes at once. */
  destroy(): void {
    this.grpc.destroy();
  }

  private open(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const { path } = splitQuery(headers[':path'] ?? '');
    const endpoint = this.host.acceptor(path);
    const { peer } = this.grpc;
    if (isPassage(endpoint)) {
      this.enter(stream);
      return new ServedPassage(new Http2Passage(stream, headers, peer), endpoint.pass, this.host).start();
    }
    if (headers['content-type']?.startsWith('application/grpc')) return this.grpc.open(stream, headers, endpoint);
    this.enter(stream);
    new HttpRequest(new Http2Exchange(stream, headers, peer), this.host, endpoint).start();
  }

  private enter(stream: ServerHttp2Stream): void {
    this.requests++;
    stream.once('close', () => this.requests--);
  }
}
