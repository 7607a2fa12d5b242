import { Cancellation } from '../../context/cancellation.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { bodyOf, settleDelivered, settleLost } from '../answers.js';
import { decompress } from '../decompress.js';
import { callHandlerOf } from '../endpoint.js';
import { mediaTypeOf, wireHeadersOfHttp } from '../http-headers.js';
import { Pieces } from '../pieces.js';
import { splitQuery } from '../paths.js';
import { tooLong } from '../refusals.js';
import type { Acceptor, CallAnswer, CallHandler, Endpoint, InboundCall } from '../transport.js';
import type { HttpExchange, HttpExchangeOwner } from './http-exchange.js';
import { httpAnswerOf, httpRefusal } from './http-messages.js';

/** HTTP's own status for a path where nothing is. */
const NOT_FOUND = 404;

/** What a request needs of the port it came through, and tells it. */
export interface HttpHost {
  readonly acceptor: Acceptor;
  /** Largest message received or sent, in bytes. */
  readonly maxMessageBytes: number;
  /** A passage without a byte for so long is ended, in ms. */
  readonly idleTimeoutMs: number;
  /** A call has begun. */
  onCall(): void;
  /** A call is over. */
  onCallOver(): void;
}

/** A request over HTTP: collects its body, hands it to the handler of its path, answers. */
export class HttpRequest implements HttpExchangeOwner {
  private readonly path: string;
  private readonly query: string;
  private readonly cancellation = new Cancellation();
  private handler: CallHandler | undefined;
  private readonly pieces = new Pieces();
  private received = 0;
  private held = 0;
  /** `refused`: the answer is on its way, what still comes of the body is dropped. */
  private phase: 'receiving' | 'serving' | 'refused' | 'answered' | 'over' = 'receiving';
  private answered: Uint8Array | CallAnswer | undefined;

  /** @param endpoint what serves its path, if anything does */
  constructor(
    private readonly exchange: HttpExchange,
    private readonly host: HttpHost,
    private readonly endpoint: Endpoint | undefined,
  ) {
    const { path, query } = splitQuery(exchange.target);
    this.path = path;
    this.query = query;
  }

  /** Serves it. */
  start(): void {
    this.host.onCall();
    this.lookUp();
    this.exchange.receive(this);
  }

  gotData(chunk: Buffer): void {
    this.received += chunk.length;
    const { maxMessageBytes } = this.host;
    if (this.phase === 'receiving' && this.received <= maxMessageBytes) return this.keep(chunk);
    if (this.phase === 'receiving') this.refuse(tooLong(this.received, maxMessageBytes));
    // Who goes on sending must be read for a while to hear the answer, but not for ever.
    if (this.received > 2 * maxMessageBytes + DROPPED_BYTES) this.exchange.destroy();
  }

  gotEnd(): void {
    if (this.phase === 'receiving' && this.handler) void this.serve(this.handler);
  }

  gotOver(outcome: 'delivered' | 'lost'): void {
    const { answered } = this;
    this.answered = undefined;
    this.release();
    if (this.phase !== 'answered' && this.phase !== 'refused') this.cancellation.cancel(this.gone());
    this.phase = 'over';
    if (answered && outcome === 'delivered') settleDelivered(answered);
    else if (answered) settleLost(answered);
    this.host.onCallOver();
  }

  private keep(chunk: Buffer): void {
    this.pieces.add(chunk);
    this.hold(this.held + chunk.length);
  }

  private hold(bytes: number): void {
    this.exchange.hold(bytes - this.held);
    this.held = bytes;
  }

  private release(): void {
    this.pieces.clear();
    if (this.held > 0) this.hold(0);
  }

  private gone(): MeshError {
    return new MeshError(MeshCode.CANCELLED, `the caller of '${this.path}' has gone away`);
  }

  private lookUp(): void {
    const announced = Number(this.exchange.headers['content-length'] ?? 0);
    const { maxMessageBytes } = this.host;
    try {
      this.handler = callHandlerOf(this.endpoint, this.path);
    } catch (error) {
      return this.refuse(toMeshError(error), NOT_FOUND);
    }
    if (announced > maxMessageBytes) this.refuse(tooLong(announced, maxMessageBytes));
  }

  private async serve(handler: CallHandler): Promise<void> {
    this.phase = 'serving';
    try {
      const body = this.body(this.exchange.headers['content-encoding']);
      this.answer(await handler(this.call(body instanceof Promise ? await body : body)));
    } catch (error) {
      this.refuse(toMeshError(error));
    }
  }

  private call(body: Buffer): InboundCall {
    const { headers, method, peer } = this.exchange;
    return {
      path: this.path,
      query: this.query,
      headers: wireHeadersOfHttp(headers),
      wire: 'http',
      method,
      contentType: mediaTypeOf(headers['content-type']),
      deadline: Infinity,
      cancellation: this.cancellation,
      peer,
      body,
    };
  }

  private body(encoding = 'identity'): Buffer | Promise<Buffer> {
    const { all } = this.pieces;
    const body = all.length === 1 ? all[0]! : Buffer.concat(all);
    this.pieces.clear();
    const name = encoding.trim().toLowerCase();
    return name === 'identity' || name === '' ? body : this.unpack(body, name);
  }

  private async unpack(packed: Buffer, name: string): Promise<Buffer> {
    const { maxMessageBytes } = this.host;
    // Before it is there, nobody knows how much it becomes.
    this.hold(maxMessageBytes);
    const body = await decompress(packed, name, maxMessageBytes);
    if (this.phase === 'serving') this.hold(body.length);
    return body;
  }

  private answer(answer: Uint8Array | CallAnswer): void {
    if (this.phase !== 'serving') return settleLost(answer);
    const { length } = bodyOf(answer);
    const { maxMessageBytes } = this.host;
    if (length > maxMessageBytes) {
      settleLost(answer);
      return this.refuse(tooLong(length, maxMessageBytes));
    }
    this.release();
    try {
      this.exchange.answer(httpAnswerOf(answer));
    } catch (error) {
      settleLost(answer);
      throw error;
    }
    this.phase = 'answered';
    this.answered = answer;
  }

  private refuse(error: MeshError, status?: number): void {
    if (this.phase !== 'receiving' && this.phase !== 'serving') return;
    this.phase = 'refused';
    this.release();
    this.exchange.answer(httpRefusal(error, status));
  }
}

/** Bytes dropped of a refused body in any case, so that its sender hears why. */
const DROPPED_BYTES = 1024 * 1024;
