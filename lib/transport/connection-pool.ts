import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import { MAX_TIMER_MS } from '../context/expiry.js';
import type { Connection } from './transport.js';

/** What a pool needs to know of what it keeps. */
export type Poolable = Pick<Connection, 'pending' | 'close' | 'destroy'>;

/** Whom to reach: an address, by the transport of that name; by the default transport when there is none. */
export interface PoolTarget {
  readonly address: string;
  readonly transport?: string | undefined;
}

/** Bounds of a {@link ConnectionPool}. */
export interface ConnectionPoolOptions {
  /** A connection without calls is closed after this time (up to half of it later), in ms. */
  readonly idleTimeoutMs: number;
  /** Connections kept at most; a further one closes that which was idle longest. Default 1 024. */
  readonly maxConnections?: number;
  /** Name of the default transport: who names it shares the connections of who names none. Absent: they are kept apart. */
  readonly usual?: string | undefined;
}

interface Entry<C> {
  readonly target: PoolTarget;
  readonly connection: C;
  /** Sweeps since it was last in use. */
  quietSweeps: number;
}

/** A connection is closed at the sweep that finds it quiet so many times. */
const SWEEPS_UNTIL_CLOSED = 2;

const MAX_CONNECTIONS = 1024;

/** Keeps one connection for each transport and address, while it is in use. */
export class ConnectionPool<C extends Poolable = Connection> {
  private readonly entries = new Set<Entry<C>>();
  /** The entries by transport and address. */
  private readonly found = new Map<string | undefined, Map<string, Entry<C>>>();
  private readonly leaving = new Set<Promise<void>>();
  private readonly maxConnections: number;
  private sweeper: NodeJS.Timeout | undefined;
  private closing: Promise<void> | undefined;

  /** @param dial makes a connection; `undefined` asks for the default transport */
  constructor(
    private readonly dial: (transport: string | undefined, address: string) => C,
    private readonly options: ConnectionPoolOptions,
  ) {
    this.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
  }

  /** Connections kept at present. */
  get size(): number {
    return this.entries.size;
  }

  /**
   * The connection to an address, for a call that is made at once.
   *
   * @throws MeshError E0000000700 when all connections kept are busy and there is no room for another, E0000000619 when the
   * pool is closed; what `dial` throws
   */
  get(target: PoolTarget): C {
    const entry = this.found.get(this.nameOf(target))?.get(target.address) ?? this.add(target);
    entry.quietSweeps = 0;
    return entry.connection;
  }

  /** Closes the connections without calls. For calls that are still made, connections are made anew. */
  closeIdle(): void {
    for (const entry of this.entries) if (entry.connection.pending === 0) this.drop(entry);
  }

  /** Takes no new calls, waits for those under way, closes all connections. */
  close(): Promise<void> {
    return (this.closing ??= this.closeAll());
  }

  /** Closes all connections at once; calls under way fail with E0000000607. */
  destroy(): void {
    this.stopSweeping();
    for (const { connection } of this.entries) connection.destroy();
    this.forget();
    this.closing ??= Promise.resolve();
  }

  private nameOf({ transport }: PoolTarget): string | undefined {
    return transport === this.options.usual ? undefined : transport;
  }

  private add(target: PoolTarget): Entry<C> {
    if (this.closing) {
      const message = `no connection to ${target.address}: the application is closing`;
      throw new MeshError(MeshCode.ADDRESS_UNREACHABLE, message, { neverSent: true });
    }
    if (this.entries.size >= this.maxConnections) this.makeRoom(target);
    const transport = this.nameOf(target);
    const { address } = target;
    const entry = { target: { transport, address }, connection: this.dial(transport, address), quietSweeps: 0 };
    const siblings = this.found.get(transport) ?? new Map<string, Entry<C>>();
    this.found.set(transport, siblings.set(address, entry));
    this.entries.add(entry);
    const periodMs = Math.min(MAX_TIMER_MS, Math.max(1, this.options.idleTimeoutMs / SWEEPS_UNTIL_CLOSED));
    this.sweeper ??= setInterval(() => this.sweep(), periodMs).unref();
    return entry;
  }

  private makeRoom(target: PoolTarget): void {
    let quietest: Entry<C> | undefined;
    for (const candidate of this.entries) {
      const { connection, quietSweeps } = candidate;
      if (connection.pending === 0 && quietSweeps > (quietest?.quietSweeps ?? -1)) quietest = candidate;
    }
    if (!quietest) {
      const message = `no connection to ${target.address}: all ${this.maxConnections} connections kept are in use`;
      throw new MeshError(MeshCode.BUFFER_FULL, message, { neverSent: true });
    }
    this.drop(quietest);
  }

  private sweep(): void {
    for (const entry of this.entries) {
      if (entry.connection.pending > 0) entry.quietSweeps = 0;
      else if (++entry.quietSweeps >= SWEEPS_UNTIL_CLOSED) this.drop(entry);
    }
    if (this.entries.size === 0) this.stopSweeping();
  }

  private drop(entry: Entry<C>): void {
    const { transport, address } = entry.target;
    const siblings = this.found.get(transport);
    siblings?.delete(address);
    if (siblings?.size === 0) this.found.delete(transport);
    this.entries.delete(entry);
    const left = entry.connection.close().finally(() => this.leaving.delete(left));
    this.leaving.add(left);
  }

  private async closeAll(): Promise<void> {
    this.stopSweeping();
    const connections = [...this.entries].map((entry) => entry.connection.close());
    await Promise.all([...connections, ...this.leaving]);
    this.forget();
  }

  private forget(): void {
    this.entries.clear();
    this.found.clear();
  }

  private stopSweeping(): void {
    clearInterval(this.sweeper);
    this.sweeper = undefined;
  }
}
