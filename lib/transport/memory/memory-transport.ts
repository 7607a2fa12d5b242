import { Inject } from '@nestjs/common';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
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
import { LocalConnection } from './local-connection.js';
import { MemoryNetwork } from './memory-network.js';

/**
 * Calls between the applications of one process, for tests: over the {@link MemoryNetwork} that they share, without a socket.
 * Deadlines, cancellation, limits, closing and error codes are those of the gRPC transport.
 */
@MeshExtension(TRANSPORT, 'memory')
export class MemoryTransport implements Transport {
  readonly proto = 'memory';

  constructor(
    @Inject(MemoryNetwork) private readonly network: MemoryNetwork,
    @Inject(MESH_OPTIONS) private readonly options: Pick<ResolvedMeshOptions, 'limits'>,
  ) {}

  dial(address: string): Connection {
    const acceptor: Acceptor = (path) => this.listenerAt(address).accept(path);
    return new LocalConnection(acceptor, { maxMessageBytes: this.options.limits.maxBodyBytes, peer: 'memory:0' });
  }

  async listen(at: ListenAt, acceptor: Acceptor): Promise<Listener> {
    return this.network.listen(at, acceptor);
  }

  private listenerAt(address: string): ReturnType<MemoryNetwork['listen']> {
    const listener = this.network.find(address);
    if (listener) return listener;
    const message = `no connection to ${address}: nobody listens there on this memory network`;
    throw new MeshError(MeshCode.ADDRESS_UNREACHABLE, message, { neverSent: true });
  }
}
