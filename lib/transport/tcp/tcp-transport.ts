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
import { TcpConnection } from './tcp-connection.js';

/**
 * Calls between two ends of ours, over a protocol of our own upon TCP (docs/tcp-protocol.md): many at a time on one connection,
 * as are streams. Where it listens, gRPC and HTTP are served, too.
 */
@MeshExtension(TRANSPORT, 'tcp')
export class TcpTransport implements Transport {
  readonly proto = 'tcp';

  private readonly secure: SecureDial | undefined;

  /** @throws MeshError E0000000400 when the certificates of `tcp.tls` cannot be read or used */
  constructor(@Inject(MESH_OPTIONS) private readonly options: ResolvedMeshOptions) {
    const { tls } = options.tcp;
    this.secure = tls && new SecureDial(tls, 'tcp.tls');
  }

  /** @throws MeshError E0000000619 when the address is not `host:port` */
  dial(address: string): Connection {
    return new TcpConnection(targetOf(address, this.secure), this.options);
  }

  listen(at: ListenAt, acceptor: Acceptor): Promise<Listener> {
    return PortListener.listen(at, acceptor, this.options);
  }
}
