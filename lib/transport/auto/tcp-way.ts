import { Backoff } from '../backoff.js';
import type { Target } from '../target.js';
import { TcpConnection, type TcpOptions } from '../tcp/tcp-connection.js';

/** A connection that lasts so long has got through: when it is lost, the next may be tried at once, in ms. */
const LASTING_MS = 10_000;

type State =
  | { readonly kind: 'none'; readonly notBefore: number }
  | { readonly kind: 'trying'; readonly connection: TcpConnection }
  | { readonly kind: 'up'; readonly connection: TcpConnection; readonly since: number }
  | { readonly kind: 'closed' };

/**
 * The way to one address over TCP. It is tried when the peer has offered it, beside what goes on over gRPC, and calls take it
 * only while it is up. Where it does not get through, it is tried again after a pause that grows each time.
 */
export class TcpWay {
  private state: State = { kind: 'none', notBefore: 0 };
  /** Connections that take no new calls, and still have some. */
  private readonly leaving = new Set<TcpConnection>();
  private readonly pauses: Backoff;

  constructor(
    private readonly target: Target,
    private readonly options: TcpOptions,
  ) {
    this.pauses = new Backoff(options.tcp.retryMinMs, options.tcp.retryMaxMs);
  }

  /** Calls under way and streams open. */
  get pending(): number {
    let pending = this.state.kind === 'up' ? this.state.connection.pending : 0;
    for (const connection of this.leaving) pending += connection.pending;
    return pending;
  }

  /** The connection, if a call can be sent on it at once. */
  take(): TcpConnection | undefined {
    const { state } = this;
    if (state.kind !== 'up') return undefined;
    const { standing } = state.connection;
    if (standing === 'free') return state.connection;
    if (standing === 'none') this.lose(state.connection, state.since);
    return undefined;
  }

  /** Whether an offer would be taken up. */
  get heeds(): boolean {
    return this.state.kind === 'none' && Date.now() >= this.state.notBefore;
  }

  /** The peer has just said that it speaks TCP. */
  offer(): void {
    if (this.heeds) void this.connect();
  }

  /** Takes no new calls, waits for those under way, closes. */
  async close(): Promise<void> {
    const { state } = this;
    this.state = { kind: 'closed' };
    if (state.kind === 'trying') state.connection.destroy();
    if (state.kind === 'up') this.leave(state.connection);
    await Promise.all([...this.leaving].map((connection) => connection.close()));
  }

  /** Closes at once. */
  destroy(): void {
    void this.close();
    for (const connection of this.leaving) connection.destroy();
  }

  private async connect(): Promise<void> {
    const connection = new TcpConnection(this.target, this.options);
    this.state = { kind: 'trying', connection };
    const overdue = setTimeout(() => connection.destroy(), this.options.tcp.connectTimeoutMs).unref();
    try {
      await connection.greet();
      if (this.isTrying(connection)) this.state = { kind: 'up', connection, since: Date.now() };
    } catch {
      connection.destroy();
      if (this.isTrying(connection)) this.pause();
    } finally {
      clearTimeout(overdue);
    }
  }

  private isTrying(connection: TcpConnection): boolean {
    return this.state.kind === 'trying' && this.state.connection === connection;
  }

  private lose(connection: TcpConnection, since: number): void {
    this.leave(connection);
    if (Date.now() - since < LASTING_MS) return this.pause();
    this.pauses.reset();
    this.state = { kind: 'none', notBefore: 0 };
  }

  private pause(): void {
    this.state = { kind: 'none', notBefore: Date.now() + this.pauses.next() };
  }

  private leave(connection: TcpConnection): void {
    this.leaving.add(connection);
    void connection.close().then(() => this.leaving.delete(connection));
  }
}
