import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LinkedList } from '../../collections/linked-list.js';
import { isPassage } from '../endpoint.js';
import { splitQuery } from '../paths.js';
import type { Endpoint, PassageHandler } from '../transport.js';
import { HttpRequest, type HttpHost } from './http-request.js';
import { Http1Exchange } from './http1-exchange.js';
import { MAX_PIPELINED, type Http1Host, type Http1Served } from './http1-host.js';
import { Http1Room } from './http1-room.js';
import { originForm } from './origin-form.js';
import { Http1Passage } from './passage/http1-passage.js';
import type { PassageExchange } from './passage/passage-exchange.js';
import { ServedPassage } from './passage/served-passage.js';
import { upgradeOf } from './passage/upgrade.js';
import { UpgradePassage } from './passage/upgrade-passage.js';

/** A request that has taken too long to arrive, and is waited for nevertheless. */
interface LateRequest {
  /** Absent as long as its head is not complete. */
  request: IncomingMessage | undefined;
  readonly timer: NodeJS.Timeout;
}

/** A connection of a port that speaks HTTP/1.1, and the requests under way on it. */
export class Http1Connection implements Http1Host {
  closing = false;
  private readonly exchanges = new LinkedList<Http1Served>();
  private readonly passages = new LinkedList<Http1Served>();
  private readonly room: Http1Room;
  /** The one that came last, as long as anything is under way. */
  private latest: IncomingMessage | undefined;
  private late: LateRequest | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly host: HttpHost,
  ) {
    this.room = new Http1Room(socket, host.maxMessageBytes);
    socket.once('close', () => this.end());
  }

  /** Whether a request is under way on it. */
  get busy(): boolean {
    return this.exchanges.size + this.passages.size > 0;
  }

  /** Whether something is under way on it that may take any time to arrive. */
  get passing(): boolean {
    return this.passages.size > 0;
  }

  /**
   * @param body whether the caller waits to be asked for the body
   * @param target path and query, where they are not those that the request line says
   */
  serve(
    request: IncomingMessage,
    response: ServerResponse,
    body: 'on its way' | 'waits',
    target = originForm(request.url ?? ''),
  ): void {
    if (this.exchanges.size + this.passages.size >= MAX_PIPELINED) return void this.socket.destroy();
    this.latest = request;
    if (this.late) this.late.request ??= request;
    const endpoint = this.endpointOf(target);
    if (isPassage(endpoint)) return this.pass(new Http1Passage(request, response, body, target, this), endpoint.pass);
    const exchange = new Http1Exchange(request, response, body, this, target);
    this.exchanges.append(exchange);
    new HttpRequest(exchange, this.host, endpoint).start();
  }

  /**
   * Serves a request by which the connection is to become something else than HTTP; unless it is for what knows nothing of
   * that, or asks for another HTTP: then it is to be served as though it had not asked.
   */
  upgrade(request: IncomingMessage): 'taken' | 'plain' {
    const target = originForm(request.url ?? '');
    const upgrade = upgradeOf(request);
    const endpoint = this.endpointOf(target);
    if (upgrade === undefined || !isPassage(endpoint)) return 'plain';
    this.pass(new UpgradePassage(request, upgrade, target, this), endpoint.pass);
    return 'taken';
  }

  /**
   * Whether a request that has taken too long to arrive is excused: one that is handed on may take as long as it flows, and one that may
   * have been made to wait for room has the same time again.
   *
   * @param timeoutMs time for a whole request to arrive, in ms
   * @param tell called once, when the request is excused and has not arrived then
   */
  excuses(timeoutMs: number, tell: () => void): boolean {
    if (this.passing) return true;
    if (!this.room.wasFullWithin(timeoutMs)) return false;
    const { latest } = this;
    this.awaitLate(latest?.complete ? undefined : latest, timeoutMs, tell);
    return true;
  }

  /** Closes at once. */
  destroy(): void {
    this.socket.destroy();
    this.end();
  }

  onHeld(bytes: number): void {
    this.room.hold(bytes);
  }

  onExchangeOver(exchange: Http1Served): void {
    this.exchanges.remove(exchange);
    this.passages.remove(exchange);
    // A connection that waits is not to hold the head of what is over.
    if (!this.busy && this.latest?.complete) this.latest = undefined;
  }

  private endpointOf(target: string): Endpoint | undefined {
    return this.host.acceptor(splitQuery(target).path);
  }

  private pass(passage: PassageExchange & Http1Served, handler: PassageHandler): void {
    this.passages.append(passage);
    new ServedPassage(passage, handler, this.host).start();
  }

  private awaitLate(request: IncomingMessage | undefined, timeoutMs: number, tell: () => void): void {
    clearTimeout(this.late?.timer);
    const timer = setTimeout(() => this.judge(timeoutMs, tell), timeoutMs).unref();
    this.late = { request, timer };
  }

  private judge(timeoutMs: number, tell: () => void): void {
    const request = this.late?.request;
    this.late = undefined;
    if (request?.complete || this.passing) return;
    if (this.room.wasFullWithin(timeoutMs)) this.awaitLate(request, timeoutMs, tell);
    else tell();
  }

  private end(): void {
    clearTimeout(this.late?.timer);
    for (const exchange of this.exchanges) exchange.over();
    for (const passage of this.passages) passage.over();
  }
}
