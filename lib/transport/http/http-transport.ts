import { Inject } from '@nestjs/common';
import { MeshExtension } from '../../kernel/extension.decorator.js';
import { MESH_OPTIONS, type ResolvedMeshOptions } from '../../options/mesh-options.js';
import { PortListener } from '../port/port-listener.js';
import { SecureDial } from '../secure-dial.js';
import { targetOf } from '../target.js';
import {
  TRANSPORT,
  type Acceptor,
  type Connection,
  type ListenAt,
  type Listener,
  type Transport,
} from '../transport.js';
import { HttpConnection, type HttpWire } from './http-connection.js';
import { Http1Wire } from './http1-wire.js';
import { Http2Wire } from './http2-wire.js';

/**
 * Calls over HTTP: each is a `POST`, with the call's headers and body as they are. The option `http` says in which version,
 * and whether through TLS. Where it listens, gRPC is served, too: an application that listens by the transport `grpc` need not name this one.
 */
@MeshExtension(TRANSPORT, 'http')
export class HttpTransport implements Transport {
  readonly proto = 'http';

  private readonly secure: SecureDial | undefined;

  /** @throws MeshError E0000000400 when the certificates of `http.tls` cannot be read or used */
  constructor(@Inject(MESH_OPTIONS) private readonly options: ResolvedMeshOptions) {
    const { tls } = options.http;
    this.secure = tls && new SecureDial(tls, 'http.tls');
  }

  /** @throws MeshError E0000000619 when the address is not `host:port` */
  dial(address: string): Connection {
    return new HttpConnection(address, this.wireTo(address), this.options.limits.maxBodyBytes);
  }

  listen(at: ListenAt, acceptor: Acceptor): Promise<Listener> {
    return PortListener.listen(at, acceptor, this.options);
  }

  private wireTo(address: string): HttpWire {
    const { http, limits } = this.options;
    const target = targetOf(address, this.secure);
    if (http.version === '2') return new Http2Wire(target, this.options, http.connectTimeoutMs);
    return new Http1Wire(target, http, limits.maxBodyBytes);
  }
}
