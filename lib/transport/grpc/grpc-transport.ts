import { Inject } from '@nestjs/common';
import { MeshExtension } from '../../kernel/extension.decorator.js';
import { MESH_OPTIONS, type ResolvedMeshOptions } from '../../options/mesh-options.js';
import {
  TRANSPORT,
  type Acceptor,
  type Connection,
  type ListenAt,
  type Listener,
  type Transport,
} from '../transport.js';
import { PortListener } from '../port/port-listener.js';
import { SecureDial } from '../secure-dial.js';
import { targetOf } from '../target.js';
import { GrpcConnection } from './grpc-connection.js';

/**
 * Calls over gRPC: a generic method with raw bytes in and out at any path, unary or as a stream, over HTTP/2. It
 * speaks gRPC's own protocol on `node:http2`, and so needs no gRPC package. Where it listens, HTTP/1.1 and HTTP/2 are served,
 * too.
 */
@MeshExtension(TRANSPORT, 'grpc')
export class GrpcTransport implements Transport {
  readonly proto = 'grpc';

  private readonly secure: SecureDial | undefined;

  /** @throws MeshError E0000000400 when the certificates of `grpc.tls` cannot be read or used */
  constructor(@Inject(MESH_OPTIONS) private readonly options: ResolvedMeshOptions) {
    const { tls } = options.grpc;
    this.secure = tls && new SecureDial(tls, 'grpc.tls');
  }

  /** @throws MeshError E0000000619 when the address is not `host:port` */
  dial(address: string): Connection {
    return new GrpcConnection(targetOf(address, this.secure), this.options);
  }

  listen(at: ListenAt, acceptor: Acceptor): Promise<Listener> {
    return PortListener.listen(at, acceptor, this.options);
  }
}
