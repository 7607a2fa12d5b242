import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MeshCode } from '../../../errors/mesh-code.js';
import { MeshError } from '../../../errors/mesh-error.js';
import { ByteReader } from '../../byte-reader.js';
import { writeBytes } from '../../byte-writer.js';
import { endToEnd } from '../../hop-by-hop.js';
import { splitQuery } from '../../paths.js';
import type { PassageAnswer, PassageHeaders } from '../../transport.js';
import { httpRefusal } from '../http-messages.js';
import { Http1Served, type Http1Host } from '../http1-host.js';
import { headOfHttp1 } from './http1-head.js';
import type { PassageExchange, PassageHead } from './passage-exchange.js';

/** Most bytes dropped of a body that nobody has read, so that the next request may follow; with more, the connection ends. */
const DROPPED_BYTES = 1024 * 1024;

/** A passage over HTTP/1.1. */
export class Http1Passage extends Http1Served implements PassageExchange {
  readonly head: PassageHead;
  readonly body: ByteReader;
  private tell: (() => void) | undefined;
  private written = 0;

  /**
   * @param asked whether the caller waits to be asked for the body
   * @param target path and query
   */
  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private asked: 'on its way' | 'waits',
    target: string,
    private readonly host: Http1Host,
  ) {
    super();
    this.head = { ...headOfHttp1(request), ...splitQuery(target), target, upgrade: '' };
    this.body = new ByteReader({
      stream: request,
      isWhole: () => request.complete,
      failure: () => new MeshError(MeshCode.CANCELLED, `the request to '${this.head.path}' broke off`),
      onBegin: () => this.askForBody(),
    });
    response.once('close', () => this.over()).on('error', ignore);
    response.strictContentLength = true;
  }

  onOver(tell: () => void): void {
    this.tell = tell;
  }

  trailers(): PassageHeaders {
    return endToEnd(this.request.trailers);
  }

  begin({ status, headers }: PassageAnswer): void {
    if (status < 200) throw new MeshError(MeshCode.SYSTEM_ERROR, `an answer cannot have the status ${status}`);
    this.writeHead(status, { ...endToEnd(headers) });
    // What an answer begins with goes out with its first bytes, unless they are not there yet.
    setImmediate(() => {
      if (this.written === 0 && !this.response.writableEnded) this.response.flushHeaders();
    });
  }

  write(chunk: Uint8Array): Promise<void> {
    this.written += chunk.length;
    return writeBytes(this.response, chunk);
  }

  end(trailers: PassageHeaders): void {
    const { response } = this;
    const sent = Object.entries(endToEnd(trailers)).map(([name, value]): [string, string] => [name, String(value)]);
    if (sent.length > 0 && response.chunkedEncoding) response.addTrailers(sent);
    this.dropRest();
    response.end();
  }

  refuse(error: MeshError): void {
    const { response } = this;
    if (response.headersSent) return this.breakOff();
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    const { status, headers, body } = httpRefusal(error);
    this.writeHead(status, headers);
    this.dropRest();
    response.end(this.head.method === 'HEAD' ? undefined : body);
  }

  breakOff(): void {
    this.request.socket.destroy();
  }

  over(): void {
    const { tell } = this;
    if (!tell) return;
    this.tell = undefined;
    this.host.onExchangeOver(this);
    tell();
  }

  private writeHead(status: number, headers: Readonly<Record<string, unknown>>): void {
    // Who was not asked for the body may send it or not: only the end of the connection is clear to both.
    const isLast = this.host.closing || (this.asked === 'waits' && !this.request.complete);
    this.response.writeHead(status, { ...headers, ...(isLast && { connection: 'close' }) } as Record<string, string>);
  }

  private askForBody(): void {
    if (this.asked !== 'waits' || this.response.headersSent) return;
    this.asked = 'on its way';
    this.response.writeContinue();
  }

  /** What was not read stands before the next request. */
  private dropRest(): void {
    const { request, body } = this;
    body.leave();
    if (request.readableEnded || request.destroyed) return;
    const socket: Socket = request.socket;
    let dropped = 0;
    request.on('data', (chunk: Buffer) => {
      dropped += chunk.length;
      if (dropped > DROPPED_BYTES) socket.destroy();
    });
    // A stream that was read piece by piece flows only after it has noticed that nobody does so any more.
    setImmediate(() => request.resume());
  }
}

function ignore(): void {}
