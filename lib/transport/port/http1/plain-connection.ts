import type { Socket } from 'node:net';
import { LinkedList, ListItem } from '../../../collections/linked-list.js';
import type { MeshError } from '../../../errors/mesh-error.js';
import { isPassage } from '../../endpoint.js';
import { splitQuery } from '../../paths.js';
import { peerOf } from '../../peer.js';
import { dismiss, noRequest, tooSlow } from '../dismissal.js';
import type { HttpAnswer } from '../http-exchange.js';
import { HttpRequest, type HttpHost } from '../http-request.js';
import { MAX_PIPELINED } from '../http1-host.js';
import { type AnswerHeads, hasBody } from './answer-heads.js';
import { JOINED_BYTES, latin1Of } from './joined-body.js';
import { PlainExchange, type PlainHost } from './plain-exchange.js';
import { PlainReader, type PlainReaderHost, type PlainReaderTimes } from './plain-reader.js';
import type { PlainRequest } from './plain-request.js';

/** Bytes of answers that wait for those before them, and of requests that wait for all answers: nothing is read beyond. */
const MAX_WAITING_BYTES = 64 * 1024;

/** What a {@link PlainConnection} is made with. */
export interface PlainConnectionParts {
  readonly host: HttpHost;
  readonly heads: AnswerHeads;
  /** How long it stays open for the next request, in ms. */
  readonly keptMs: number;
  readonly times: PlainReaderTimes;
  /** Told of a connection that is closed, or about to be handed over. */
  readonly onGone: (connection: PlainConnection) => void;
  /** Takes the connection for good, with all that is to be read of it; no request is under way on it then. */
  readonly handOver: (socket: Socket) => void;
}

/**
 * A connection over HTTP/1.1 as long as there are nothing but {@link PlainRequest | plain requests} on it, which takes half the time that
 * `node:http` needs. With the first bytes that are anything else, the connection is handed over.
 */
export class PlainConnection extends ListItem implements PlainHost, PlainReaderHost {
  readonly peer: string;
  /** Whether no request is to follow on it. */
  closing = false;
  private readonly reader: PlainReader;
  /** Those to be answered, in the order in which they came. */
  private readonly exchanges = new LinkedList<PlainExchange>();
  /** Those whose answers are being written. */
  private readonly leaving = new LinkedList<PlainExchange>();
  private waitingBytes = 0;
  /** Bytes of requests that are not answered yet. */
  private heldBytes = 0;
  private readonly maxHeldBytes: number;
  /** What came behind the last plain request. */
  private rest: Buffer | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly parts: PlainConnectionParts,
  ) {
    super();
    this.peer = peerOf(socket);
    this.maxHeldBytes = parts.host.maxMessageBytes;
    this.reader = new PlainReader(this, parts.times);
    socket.on('data', this.gotBytes).on('drain', this.regulate).on('end', this.gotEnd);
    socket.on('timeout', this.gotIdle).on('close', this.gotClose).setTimeout(parts.keptMs);
  }

  /** Whether a request is under way on it. */
  get busy(): boolean {
    return this.underWay > 0;
  }

  get reading(): boolean {
    return this.socket.writable;
  }

  /** Closes at once. */
  destroy(): void {
    this.socket.destroy();
    this.gotClose();
  }

  onHeld(bytes: number): void {
    this.heldBytes += bytes;
    if (this.reader.paused) this.regulate();
  }

  onReply(exchange: PlainExchange): void {
    const { socket } = this;
    this.waitingBytes += exchange.reply?.body.length ?? 0;
    if (exchange !== this.exchanges.first) return this.regulate();
    // Those behind it that have waited for it go with it.
    const several = exchange.after?.reply !== undefined;
    if (several) socket.cork();
    for (let next: PlainExchange | undefined = exchange; next?.reply; next = this.exchanges.first) {
      // Nobody hears it any more; the end of the connection says so.
      if (!socket.writable) break;
      this.write(next, next.reply);
    }
    if (several) socket.uncork();
    this.regulate();
  }

  onRequest(request: PlainRequest): PlainExchange | undefined {
    const { host } = this.parts;
    const endpoint = host.acceptor(splitQuery(request.target).path);
    if (isPassage(endpoint)) return undefined;
    if (this.underWay >= MAX_PIPELINED) return void this.destroy();
    const exchange = new PlainExchange(request, this);
    this.exchanges.append(exchange);
    new HttpRequest(exchange, host, endpoint).start();
    return exchange;
  }

  /** Hands the connection over, once nothing is under way on it. */
  onOdd(rest: Buffer): void {
    const { socket } = this;
    this.rest = rest;
    if (this.busy || !socket.writable) return;
    socket.off('data', this.gotBytes).off('drain', this.regulate).off('end', this.gotEnd);
    socket.off('timeout', this.gotIdle).off('close', this.gotClose).setTimeout(0);
    this.rest = undefined;
    socket.pause();
    socket.unshift(rest);
    this.parts.onGone(this);
    this.parts.handOver(socket);
    socket.resume();
  }

  onLate(): void {
    this.breakOff(tooSlow());
  }

  private get underWay(): number {
    return this.exchanges.size + this.leaving.size;
  }

  private readonly gotBytes = (bytes: Buffer): void => {
    if (this.rest) this.rest = Buffer.concat([this.rest, bytes]);
    else this.reader.read(bytes);
    this.regulate();
  };

  private write(exchange: PlainExchange, { status, headers, body }: HttpAnswer): void {
    const { socket, closing } = this;
    this.exchanges.remove(exchange);
    this.leaving.append(exchange);
    this.waitingBytes -= body.length;
    const head = this.parts.heads.write(status, headers, closing ? 'closed' : 'kept');
    if (!hasBody(status)) socket.write(head, 'latin1', this.gotWritten);
    else if (body.length <= JOINED_BYTES) socket.write(head + latin1Of(body), 'latin1', this.gotWritten);
    else this.writeLong(head, body);
    if (closing) socket.destroySoon();
  }

  private writeLong(head: string, body: Uint8Array): void {
    this.socket.cork();
    this.socket.write(head, 'latin1');
    this.socket.write(body, this.gotWritten);
    this.socket.uncork();
  }

  private readonly gotWritten = (error?: Error | null): void => {
    if (error || this.socket.destroyed) return;
    this.leaving.shift()?.over('delivered');
    if (this.rest) this.onOdd(this.rest);
  };

  /** Stops to read from who sends more than is answered, or does not read the answers. */
  private readonly regulate = (): void => {
    const { socket, reader, waitingBytes, rest } = this;
    // One request alone is never too much: it is refused before.
    const early = waitingBytes > MAX_WAITING_BYTES || this.heldBytes > this.maxHeldBytes;
    if (early) reader.pause();
    else if (reader.paused) reader.resume();
    const full = early || socket.writableNeedDrain || isLong(rest);
    if (full === socket.isPaused()) return;
    if (full) socket.pause();
    else socket.resume();
  };

  /** Ends the connection in the midst of a request; says why, unless that could be taken for the answer to one that is under way. */
  private breakOff(error: MeshError): void {
    this.reader.stop();
    if (this.busy || !this.socket.writable) this.destroy();
    else dismiss(this.socket, error);
  }

  /** Who says no more does not wait for answers either, as `node:http` has it. */
  private readonly gotEnd = (): void => {
    if (this.reader.amidst) this.breakOff(noRequest());
    else this.socket.end();
  };

  private readonly gotIdle = (): void => {
    // For a head there is a time of its own.
    if (!this.busy && this.reader.amidst !== 'head') this.socket.destroy();
  };

  private readonly gotClose = (): void => {
    this.parts.onGone(this);
    this.reader.stop();
    for (const list of [this.leaving, this.exchanges]) {
      for (let lost = list.shift(); lost; lost = list.shift()) lost.over('lost');
    }
  };
}

function isLong(rest: Buffer | undefined): boolean {
  return rest !== undefined && rest.length > MAX_WAITING_BYTES;
}
