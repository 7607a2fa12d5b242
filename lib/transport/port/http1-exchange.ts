import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { peerOf } from '../peer.js';
import type { HttpAnswer, HttpExchange, HttpExchangeOwner } from './http-exchange.js';
import { JOINED_BYTES, latin1Of } from './http1/joined-body.js';
import { Http1Served, type Http1Host } from './http1-host.js';

/** A request over HTTP/1.1. */
export class Http1Exchange extends Http1Served implements HttpExchange {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly peer: string;
  private readonly socket: Socket;
  private outcome: 'delivered' | 'lost' = 'lost';
  private owner: HttpExchangeOwner | undefined;

  /**
   * @param body whether the caller waits to be asked for the body
   * @param target path and query
   */
  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly body: 'on its way' | 'waits',
    private readonly host: Http1Host,
    readonly target: string,
  ) {
    super();
    this.method = request.method ?? '';
    this.headers = request.headers;
    this.socket = request.socket;
    this.peer = peerOf(request.socket);
  }

  receive(owner: HttpExchangeOwner): void {
    const { request, response, socket } = this;
    this.owner = owner;
    // A response counts as finished, too, when a connection that is gone has dropped it.
    response.on('finish', () => (this.outcome = socket.destroyed || socket.errored ? 'lost' : 'delivered'));
    response.on('close', () => this.over()).on('error', ignore);
    // A request without a listener for them tells of no errors.
    request.on('data', (chunk: Buffer) => owner.gotData(chunk)).on('end', () => owner.gotEnd());
    if (this.body === 'waits' && !response.headersSent) response.writeContinue();
  }

  hold(bytes: number): void {
    this.host.onHeld(bytes);
  }

  answer({ status, headers, body }: HttpAnswer): void {
    const { response } = this;
    // Who was not asked for the body may send it or not: only the end of the connection is clear to both.
    const last = this.host.closing || (this.body === 'waits' && !this.request.complete);
    response.writeHead(status, last ? { ...headers, connection: 'close' } : headers);
    if (this.method === 'HEAD') response.end();
    else if (body.length > JOINED_BYTES) response.end(body);
    // Text is written in one piece with the head; of bytes as Latin-1 none is lost.
    else response.end(latin1Of(body), 'latin1');
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Its response is closed, or the connection; a response that waits for its turn is not told of that. */
  over(): void {
    const { owner } = this;
    if (!owner) return;
    this.owner = undefined;
    this.host.onExchangeOver(this);
    owner.gotOver(this.outcome);
  }
}

/** `close` follows, and says what there is to say. */
function ignore(): void {}
