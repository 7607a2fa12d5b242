import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { Acceptor, ListenAt } from '../transport.js';
import { MemoryListener } from './memory-listener.js';

/** First of the ports given to listeners that ask for any. */
const FIRST_FREE_PORT = 49_152;

/** Hosts of which every name of this host reaches the listener. */
const ANY_HOST = new Set(['0.0.0.0', '::', '']);

/**
 * A network inside one process, for tests: what listens on it is reached by those who share it, and by nobody else. Any host
 * name will do.
 *
 * @example
 * const network = new MemoryNetwork();
 * // in the modules of both applications
 * providers: [{ provide: MemoryNetwork, useValue: network }, MemoryTransport]
 * // and in the options of both meshes
 * use: { transport: 'memory' }
 */
export class MemoryNetwork {
  private readonly listeners = new Map<string, MemoryListener>();
  private nextPort = FIRST_FREE_PORT;

  /** Addresses listened at, `host:port`. */
  get addresses(): readonly string[] {
    return [...this.listeners.keys()];
  }

  /** @throws MeshError E0000000619 when the address is taken */
  listen(at: ListenAt, acceptor: Acceptor): MemoryListener {
    const address = `${at.host}:${at.port === 0 ? this.nextPort++ : at.port}`;
    if (this.listeners.has(address)) {
      throw new MeshError(MeshCode.ADDRESS_UNREACHABLE, `cannot listen at ${address}: the address is in use`);
    }
    const listener = new MemoryListener(address, acceptor, (left) => this.leave(left));
    this.listeners.set(address, listener);
    return listener;
  }

  private leave(listener: MemoryListener): void {
    if (this.listeners.get(listener.address) === listener) this.listeners.delete(listener.address);
  }

  /** What listens at an address, or at its port for any host. */
  find(address: string): MemoryListener | undefined {
    const port = address.slice(address.lastIndexOf(':') + 1);
    const exact = this.listeners.get(address);
    if (exact) return exact;
    for (const host of ANY_HOST) {
      const listener = this.listeners.get(`${host}:${port}`);
      if (listener) return listener;
    }
    return undefined;
  }
}
