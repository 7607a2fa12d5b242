import { performServerHandshake } from 'node:http2';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { type ChannelOptions, WINDOW_BYTES } from '../http2/channel.js';
import { watchSession } from '../http2/session-keepalive.js';
import { Keepalive } from '../keepalive.js';
import type { Acceptor, ListenAt, Listener } from '../transport.js';
import { Http1Port } from './http1-port.js';
import { type Http2Host, Http2PortConnection } from './http2-port-connection.js';
import { peerOf } from '../peer.js';
import { Reception, type Spoken, type Welcome } from './reception.js';
import type { Hello } from '../link/hello.js';
import { InboundLink } from '../link/inbound-link.js';
import { ownHello } from '../link/own-hello.js';
import type { TcpOptions } from '../tcp/tcp-connection.js';
import { TlsDoor } from './tls-door.js';

/** Streams that a peer may have open at a time on one connection; more wait at the peer. */
const MAX_STREAMS = 10_000;

/** Time for calls that are on their way here when the port closes, in ms. Connections without a call are closed then. */
const FAREWELL_MS = 500;

/** What a {@link PortListener} needs of the options. */
export type PortOptions = TcpOptions & ChannelOptions;

/** Default of `handshakeTimeoutMs`. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Default of `requestTimeoutMs`. */
const REQUEST_TIMEOUT_MS = 300_000;

/** Default of `idleTimeoutMs`. */
const IDLE_TIMEOUT_MS = 900_000;

/**
 * A port that serves gRPC, HTTP/2, HTTP/1.1 and the TCP protocol, with TLS and without. What a connection speaks is told by its first bytes,
 * those within TLS once more, and on HTTP/2 by the content type of each stream.
 */
export class PortListener implements Listener, Http2Host {
  readonly maxMessageBytes: number;
  readonly idleTimeoutMs: number;
  readonly own: Hello;
  private readonly counter = { calls: 0 };
  private readonly reception: Reception;
  private readonly sockets = new Set<Socket>();
  private readonly http2 = new Set<Http2PortConnection>();
  private readonly http1: Http1Port;
  private readonly links = new Set<InboundLink>();
  private closing: Promise<void> | undefined;

  private constructor(
    readonly server: Server,
    readonly acceptor: Acceptor,
    private readonly options: PortOptions,
    { tls, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS, ...at }: ListenAt,
    door: TlsDoor | undefined,
  ) {
    const { requestTimeoutMs = REQUEST_TIMEOUT_MS, idleTimeoutMs = IDLE_TIMEOUT_MS } = at;
    this.idleTimeoutMs = idleTimeoutMs;
    this.own = ownHello(options);
    this.maxMessageBytes = options.limits.maxBodyBytes;
    this.http1 = new Http1Port(this, { handshakeTimeoutMs, requestTimeoutMs });
    const plaintext = tls?.plaintext ?? 'serve';
    const welcome: Welcome = (spoken, socket, known) => this.speak(spoken, socket, known);
    this.reception = new Reception({ door, plaintext, handshakeTimeoutMs, welcome });
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
      this.reception.receive(socket);
    });
  }

  /** @throws MeshError E0000000619 when the address cannot be bound, E0000000400 for certificates that cannot be used */
  static async listen(at: ListenAt, acceptor: Acceptor, options: PortOptions): Promise<PortListener> {
    const door = await doorOf(at);
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const listener = new PortListener(server, acceptor, options, at, door);
    try {
      await bind(server, at);
    } catch (error) {
      listener.http1.close();
      throw error;
    }
    return listener;
  }

  get address(): string {
    const { address, port } = this.server.address() as AddressInfo;
    return peerOf({ remoteAddress: address, remotePort: port });
  }

  get pending(): number {
    return this.counter.calls;
  }

  get connections(): number {
    return this.sockets.size;
  }

  onCall(): void {
    this.counter.calls++;
  }

  onCallOver(): void {
    this.counter.calls--;
  }

  close(): Promise<void> {
    return (this.closing ??= this.drain());
  }

  destroy(): void {
    void this.close();
    for (const connection of this.http2) connection.destroy();
    for (const link of this.links) link.destroy();
    this.http1.destroy();
    for (const socket of this.sockets) socket.destroy();
  }

  private speak(spoken: Spoken, socket: Socket, known: () => void): void {
    if (spoken === 'http2') return this.speakHttp2(socket, known);
    if (spoken === 'mesh') return this.speakMesh(socket, known);
    known();
    this.http1.accept(socket);
  }

  /** @param known told once the peer has said all that HTTP/2 begins with */
  private speakHttp2(socket: Socket, known: () => void): void {
    const session = performServerHandshake(socket, {
      settings: { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: MAX_STREAMS, enablePush: false },
      // The default of 10 MB would refuse calls whose messages alone are within our own limit.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
    });
    const connection = new Http2PortConnection(session, this, this.counter);
    this.http2.add(connection);
    session.once('remoteSettings', known);
    // Nobody waits for answers who says no more: what is under way is lost.
    socket.once('end', () => connection.destroy());
    session.once('close', () => this.http2.delete(connection)).on('error', () => undefined);
    session.setLocalWindowSize(WINDOW_BYTES);
    watchSession(session, this.options.grpc, () => connection.busy);
    if (this.closing) connection.drain();
  }

  private speakMesh(socket: Socket, known: () => void): void {
    const link: InboundLink = new InboundLink(socket, this.own, {
      acceptor: this.acceptor,
      onGreeted: known,
      onCall: () => this.onCall(),
      onCallOver: () => this.onCallOver(),
      onGone: (gone) => {
        keepalive.stop();
        this.links.delete(gone);
      },
    });
    const keepalive = new Keepalive(link, this.options.tcp);
    this.links.add(link);
    if (this.closing) link.drain();
  }

  private drain(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.farewell(), FAREWELL_MS);
      this.server.close(() => {
        clearTimeout(timer);
        this.http1.close();
        resolve();
      });
      for (const connection of this.http2) connection.drain();
      for (const link of this.links) link.drain();
      this.http1.drain();
    });
  }

  private farewell(): void {
    this.reception.close();
    this.http1.retire();
  }
}

async function doorOf({ tls, option = 'listen', host, port, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS }: ListenAt) {
  if (!tls) return undefined;
  const log = new Logger('MeshListener');
  const warn = (sentence: string): void => log.warn(`${host}:${port}: ${sentence}`);
  return TlsDoor.open({ tls, option: `${option}.tls`, handshakeTimeoutMs, warn });
}

async function bind(server: Server, at: ListenAt): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => {
      const why = cause.code === 'EADDRINUSE' ? 'the port is in use (EADDRINUSE)' : cause.message;
      const message = `cannot listen at ${at.host}:${at.port}: ${why}`;
      reject(new MeshError(MeshCode.ADDRESS_UNREACHABLE, message, { cause }));
    };
    server.once('error', fail);
    server.listen({ host: at.host, port: at.port }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
