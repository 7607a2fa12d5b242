import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { HttpRequest, type HttpHost } from './http-request.js';
import { Http1Exchange, type Http1Host } from './http1-exchange.js';

/** Requests of one connection served at a time, for those who send on before they are answered. */
const MAX_PIPELINED = 256;

/** A connection of a port that speaks HTTP/1.1, and the requests under way on it. */
export class Http1Connection implements Http1Host {
  closing = false;
  private readonly exchanges = new Set<Http1Exchange>();

  constructor(
    private readonly socket: Socket,
    private readonly host: HttpHost,
  ) {
    socket.once('close', () => this.end());
  }

  /** Whether a request is under way on it. */
  get busy(): boolean {
    return this.exchanges.size > 0;
  }

  /**
   * @param body whether the caller waits to be asked for the body
   * @param target path and query, where they are not those that the request line says
   */
  serve(request: IncomingMessage, response: ServerResponse, body: 'on its way' | 'waits', target?: string): void {
    if (this.exchanges.size >= MAX_PIPELINED) return void this.socket.destroy();
    const exchange = new Http1Exchange(request, response, body, this, target);
    this.exchanges.add(exchange);
    new HttpRequest(exchange, this.host).start();
  }

  /** Closes at once. */
  destroy(): void {
    this.socket.destroy();
    this.end();
  }

  onExchangeOver(exchange: Http1Exchange): void {
    this.exchanges.delete(exchange);
  }

  private end(): void {
    for (const exchange of this.exchanges) exchange.end();
  }
}
