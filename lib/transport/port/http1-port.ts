import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { LinkedList } from '../../collections/linked-list.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { dismiss, noRequest, tooSlow } from './dismissal.js';
import type { HttpHost } from './http-request.js';
import { Http1Connection } from './http1-connection.js';
import { AnswerHeads } from './http1/answer-heads.js';
import { PlainConnection, type PlainConnectionParts } from './http1/plain-connection.js';
import { plainHead } from './passage/upgrade.js';

/** Largest headers of a request, in bytes. */
const MAX_HEADER_BYTES = 32 * 1024;

/** How long a connection stays open for the next request, in ms: longer than clients keep theirs, so that they are first to close. */
const KEEP_ALIVE_MS = 75_000;

/** Code of the error by which Node tells of a request that has taken too long to arrive. */
const REQUEST_TIMEOUT = 'ERR_HTTP_REQUEST_TIMEOUT';

/** Times of {@link Http1Port}. */
export interface Http1Times {
  /** For the headers of a request to arrive, in ms. */
  readonly handshakeTimeoutMs: number;
  /** For a whole request to arrive, in ms. */
  readonly requestTimeoutMs: number;
}

/** Serves the connections of a port that speak HTTP/1.1: plain requests itself, all else by `node:http`. */
export class Http1Port {
  private readonly server: Server;
  private readonly plain = new LinkedList<PlainConnection>();
  private readonly plainParts: PlainConnectionParts;
  private readonly connections = new Map<Socket, Http1Connection>();
  private draining = false;

  constructor(
    private readonly host: HttpHost,
    private readonly times: Http1Times,
  ) {
    const { handshakeTimeoutMs, requestTimeoutMs } = times;
    const headersTimeout = Math.min(handshakeTimeoutMs, requestTimeoutMs);
    this.plainParts = {
      host,
      heads: new AnswerHeads(KEEP_ALIVE_MS),
      keptMs: KEEP_ALIVE_MS,
      times: { headTimeoutMs: headersTimeout, requestTimeoutMs },
      onGone: (connection) => this.plain.remove(connection),
      handOver: (socket) => this.acceptOdd(socket),
    };
    this.server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.max(10, Math.min(1_000, headersTimeout / 4)),
    });
    this.server.on('request', (request, response) => this.of(request)?.serve(request, response, 'on its way'));
    this.server.on('checkContinue', (request, response) => this.of(request)?.serve(request, response, 'waits'));
    this.server.on('upgrade', (request, socket, head) => this.upgrade(request, socket as Socket, head));
    this.server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.reject(error, socket as Socket));
    // It does not listen itself; this starts its clock for requests that arrive too slowly.
    this.server.emit('listening');
  }

  /** Serves a connection. */
  accept(socket: Socket): void {
    const connection = new PlainConnection(socket, this.plainParts);
    connection.closing = this.draining;
    this.plain.append(connection);
  }

  /** Lets each connection end with its next answer. */
  drain(): void {
    this.draining = true;
    for (const connection of this.plain) connection.closing = true;
    for (const connection of this.connections.values()) connection.closing = true;
  }

  /** Closes the connections without a request under way. */
  retire(): void {
    for (const connection of this.plain) if (!connection.busy) connection.destroy();
    for (const [socket, connection] of this.connections) if (!connection.busy) socket.destroy();
  }

  /** Closes all connections at once. */
  destroy(): void {
    for (const connection of this.plain) connection.destroy();
    for (const connection of this.connections.values()) connection.destroy();
  }

  /** Stops the clock. */
  close(): void {
    this.server.close();
  }

  /** Serves a connection on which there is more than plain requests. */
  private acceptOdd(socket: Socket): void {
    const connection = new Http1Connection(socket, this.host);
    connection.closing = this.draining;
    this.connections.set(socket, connection);
    socket.once('close', () => this.connections.delete(socket));
    this.server.emit('connection', socket);
  }

  private of({ socket }: IncomingMessage): Http1Connection | undefined {
    return this.connections.get(socket);
  }

  /** @param head what came behind the request */
  private upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const connection = this.of(request);
    // Who asks for another protocol before its answers are there could not tell one from the other.
    if (!connection || connection.busy) return void socket.destroy();
    if (head.length > 0) socket.unshift(head);
    if (connection.upgrade(request) === 'taken') return;
    // The server has let go of the connection: it begins anew.
    socket.unshift(plainHead(request));
    this.server.emit('connection', socket);
  }

  private reject(error: NodeJS.ErrnoException, socket: Socket): void {
    const end = (): void => this.breakOff(error, socket);
    const isLate = error.code === REQUEST_TIMEOUT;
    if (isLate && this.connections.get(socket)?.excuses(this.times.requestTimeoutMs, end)) return;
    end();
  }

  /** Says why what came is no request, and closes. */
  private breakOff(error: NodeJS.ErrnoException, socket: Socket): void {
    if (!socket.writable || this.connections.get(socket)?.busy) return void socket.destroy();
    dismiss(socket, refusalOf(error));
  }
}

function refusalOf(error: NodeJS.ErrnoException): MeshError {
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return new MeshError(MeshCode.MESSAGE_TOO_LONG, `the headers are longer than ${MAX_HEADER_BYTES} bytes`);
  }
  return error.code === REQUEST_TIMEOUT ? tooSlow() : noRequest();
}
