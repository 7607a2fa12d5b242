import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { splitQuery } from '../paths.js';
import type { Acceptor } from '../transport.js';
import { UnderWay } from '../under-way.js';
import { httpRefusal } from './http-messages.js';
import type { HttpHost } from './http-request.js';
import { Http1Connection } from './http1-connection.js';

/** A passage without a byte for so long is ended, in ms. */
const IDLE_TIMEOUT_MS = 900_000;

/** What an {@link HttpMount} is made with. */
export interface HttpMountParts {
  readonly acceptor: Acceptor;
  /** What stands before the paths; empty for nothing. */
  readonly prefix: string;
  /** Largest message received or sent, in bytes. */
  readonly maxMessageBytes: number;
}

/**
 * Serves requests that come to a server of somebody else, over HTTP/1.1, as {@link PortListener} serves those of its own: with
 * the same bounds, and with the same word on what became of each answer.
 */
export class HttpMount implements HttpHost {
  readonly acceptor: Acceptor;
  readonly maxMessageBytes: number;
  readonly idleTimeoutMs = IDLE_TIMEOUT_MS;
  private readonly prefix: string;
  private readonly connections = new Map<Socket, Http1Connection>();
  private readonly underWay = new UnderWay();
  private closing: Promise<void> | undefined;

  constructor({ acceptor, prefix, maxMessageBytes }: HttpMountParts) {
    this.acceptor = acceptor;
    this.prefix = prefix;
    this.maxMessageBytes = maxMessageBytes;
  }

  /** Serves a request, unless nothing is served at its path: then it passes. Nobody may have read its body before. */
  take(request: IncomingMessage, response: ServerResponse): 'taken' | 'passed' {
    const url = request.url ?? '';
    const target = url.startsWith(`${this.prefix}/`) ? url.slice(this.prefix.length) : undefined;
    if (target === undefined || !this.acceptor(splitQuery(target).path)) return 'passed';
    const refusal = this.refusalOf(request);
    if (refusal) refuse(response, refusal);
    else this.connectionOf(request.socket).serve(request, response, 'on its way', target);
    return 'taken';
  }

  /** Calls under way. */
  get pending(): number {
    return this.underWay.count;
  }

  onCall(): void {
    this.underWay.enter();
  }

  onCallOver(): void {
    this.underWay.leave();
  }

  /** Takes no new calls, and waits for those under way. */
  close(): Promise<void> {
    for (const connection of this.connections.values()) connection.closing = true;
    return (this.closing ??= this.underWay.none());
  }

  /** Ends the calls under way at once. */
  destroy(): void {
    void this.close();
    for (const connection of this.connections.values()) if (connection.busy) connection.destroy();
  }

  private refusalOf(request: IncomingMessage): MeshError | undefined {
    if (this.closing) return new MeshError(MeshCode.UNREACHABLE, 'the application is about to close');
    if (!request.readableDidRead) return undefined;
    const message = 'the body of the request was read before the mesh could: no body parser may stand before it';
    return new MeshError(MeshCode.SYSTEM_ERROR, message);
  }

  private connectionOf(socket: Socket): Http1Connection {
    const known = this.connections.get(socket);
    if (known) return known;
    const connection = new Http1Connection(socket, this);
    this.connections.set(socket, connection);
    socket.once('close', () => this.connections.delete(socket));
    return connection;
  }
}

function refuse(response: ServerResponse, error: MeshError): void {
  const { status, headers, body } = httpRefusal(error);
  response.writeHead(status, { ...headers, connection: 'close' }).end(body);
}
