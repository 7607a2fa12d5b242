import { createServer, type Http2Server, type Http2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { Acceptor, ListenAt, Listener } from '../transport.js';
import { WINDOW_BYTES, type ChannelOptions } from '../http2/channel.js';
import { Keepalive } from '../http2/keepalive.js';
import { InboundConnection, type CallCounter } from './inbound-connection.js';

/** Streams that a peer may have open at a time on one connection; more wait at the peer. */
const MAX_STREAMS = 10_000;

/** A port that serves gRPC over HTTP/2 without TLS. */
export class GrpcListener implements Listener {
  private readonly connections = new Map<Http2Session, InboundConnection>();
  private readonly counter: CallCounter = { calls: 0 };
  private closing: Promise<void> | undefined;

  private constructor(
    readonly server: Http2Server,
    private readonly acceptor: Acceptor,
    private readonly options: ChannelOptions,
  ) {
    server.on('session', (session) => this.welcome(session));
    server.on('stream', (stream, headers) => {
      if (stream.session) this.connections.get(stream.session)?.open(stream, headers);
    });
    // A connection that breaks is over; its calls are cancelled when their streams close.
    server.on('sessionError', () => undefined);
  }

  /** @throws MeshError E0000000619 when the address cannot be bound */
  static async listen(at: ListenAt, acceptor: Acceptor, options: ChannelOptions): Promise<GrpcListener> {
    const server = createServer({
      settings: { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: MAX_STREAMS, enablePush: false },
      // The default of 10 MB would refuse calls whose messages alone are within our own limit.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
    });
    const listener = new GrpcListener(server, acceptor, options);
    await bind(server, at);
    return listener;
  }

  get address(): string {
    const { address, port } = this.server.address() as AddressInfo;
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  }

  get pending(): number {
    return this.counter.calls;
  }

  close(): Promise<void> {
    return (this.closing ??= new Promise((resolve) => {
      this.server.close(() => resolve());
      for (const connection of this.connections.values()) connection.drain();
    }));
  }

  destroy(): void {
    void this.close();
    for (const connection of this.connections.values()) connection.destroy();
  }

  private welcome(session: Http2Session): void {
    const connection = new InboundConnection(session, this.acceptor, this.counter, this.options.limits.maxMessageBytes);
    this.connections.set(session, connection);
    session.once('close', () => this.connections.delete(session));
    session.setLocalWindowSize(WINDOW_BYTES);
    void new Keepalive(session, this.options.grpc, () => connection.busy);
    if (this.closing) connection.drain();
  }
}

async function bind(server: Http2Server, at: ListenAt): Promise<void> {
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
