import { type IncomingMessage, ServerResponse } from 'node:http';
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

/** Time for a caller whose upgrade was refused to read that, in ms. */
const LINGER_MS = 500;

/** A passage that asks for its connection of HTTP/1.1 to be upgraded. Whatever becomes of it, no request follows. */
export class UpgradePassage extends Http1Served implements PassageExchange {
  readonly head: PassageHead;
  readonly body: ByteReader;
  private readonly socket: Socket;
  private readonly response: ServerResponse;
  private tell: (() => void) | undefined;
  private state: 'asked' | 'refused' | 'upgraded' | 'ended' = 'asked';

  /**
   * @param upgrade what it is to be upgraded to
   * @param target path and query
   */
  constructor(
    request: IncomingMessage,
    upgrade: string,
    target: string,
    private readonly host: Http1Host,
  ) {
    super();
    const { socket } = request;
    this.socket = socket;
    this.head = { ...headOfHttp1(request), ...splitQuery(target), target, upgrade };
    this.body = new ByteReader({
      stream: socket,
      isWhole: () => true,
      failure: () => new MeshError(MeshCode.CANCELLED, `the connection to '${this.head.path}' broke off`),
      onLeft: () => this.gotLeft(),
    });
    this.response = new ServerResponse(request);
    this.response.on('error', () => undefined).assignSocket(socket);
    socket.once('close', () => this.over());
  }

  onOver(tell: () => void): void {
    this.tell = tell;
  }

  trailers(): PassageHeaders {
    return {};
  }

  begin({ status, headers }: PassageAnswer): void {
    if (status !== 101) return this.decline(status, endToEnd(headers));
    this.state = 'upgraded';
    const { response, socket } = this;
    const upgrade = headers['upgrade'] ?? this.head.upgrade;
    response.sendDate = false;
    response.writeHead(101, { ...endToEnd(headers), connection: 'Upgrade', upgrade: String(upgrade) });
    response.flushHeaders();
    response.detachSocket(socket);
  }

  write(chunk: Uint8Array): Promise<void> {
    return writeBytes(this.state === 'upgraded' ? this.socket : this.response, chunk);
  }

  end(): void {
    if (this.state === 'refused') return void this.response.end();
    this.state = 'ended';
    this.socket.end();
  }

  refuse(error: MeshError): void {
    if (this.state !== 'asked' || this.response.headersSent) return this.breakOff();
    const { status, headers, body } = httpRefusal(error);
    this.decline(status, headers);
    this.response.end(body);
  }

  breakOff(): void {
    this.socket.destroy();
  }

  over(): void {
    const { tell } = this;
    if (!tell) return;
    this.tell = undefined;
    this.host.onExchangeOver(this);
    tell();
  }

  /** Answers as though no upgrade had been asked for, and closes. */
  private decline(status: number, headers: Readonly<Record<string, unknown>>): void {
    const { response, socket } = this;
    this.state = 'refused';
    response.writeHead(status, { ...headers, connection: 'close' } as Record<string, string>);
    response.once('finish', () => {
      response.detachSocket(socket);
      socket.resume().end();
      const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
      socket.once('close', () => clearTimeout(timer));
    });
  }

  /** Nobody reads on: the connection is over, as soon as nobody writes either. */
  private gotLeft(): void {
    if (this.state === 'ended') this.socket.destroy();
  }
}
