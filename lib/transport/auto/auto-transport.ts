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
import { AutoConnection } from './auto-connection.js';

/**
 * Calls over gRPC to whoever speaks it, and over TCP to peers that say, in their answers over gRPC, that they speak our protocol
 * upon TCP at the same address (docs/tcp-protocol.md). Nobody else sees a byte of that. Where it listens, everything is served.
 */
@MeshExtension(TRANSPORT, 'auto')
export class AutoTransport implements Transport {
  readonly proto = 'grpc';

  private readonly secureGrpc: SecureDial | undefined;
  private readonly secureTcp: SecureDial | undefined;

  /** @throws MeshError E0000000400 when the certificates of `grpc.tls` or `tcp.tls` cannot be read or used */
  constructor(@Inject(MESH_OPTIONS) private readonly options: ResolvedMeshOptions) {
    const { grpc, tcp } = options;
    this.secureGrpc = grpc.tls && new SecureDial(grpc.tls, 'grpc.tls');
    // What is secure over gRPC is to be so over TCP.
    this.secureTcp = tcp.tls ? new SecureDial(tcp.tls, 'tcp.tls') : this.secureGrpc;
  }

  /** @throws MeshError E0000000619 when the address is not `host:port` */
  dial(address: string): Connection {
    const ways = { grpc: targetOf(address, this.secureGrpc), tcp: targetOf(address, this.secureTcp) };
    return new AutoConnection(ways, this.options);
  }

  listen(at: ListenAt, acceptor: Acceptor): Promise<Listener> {
    return PortListener.listen(at, acceptor, this.options);
  }
}
