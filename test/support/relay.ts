import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Who speaks on a connection: the one who has opened it, or the one who was called. */
export type Speaker = 'consumer' | 'provider';

/** Where a relay breaks what it carries. */
export interface BreakPoint {
  readonly speaker: Speaker;
  /**
   * Bytes of the speaker that still get through, counted from now over all connections. With them the point is reached; at 0
   * with the next that comes.
   */
  readonly afterBytes: number;
  /** `cut`: all connections are broken then. `stall`: nothing is taken from anybody any more, until {@link Relay.cut}. */
  readonly how: 'cut' | 'stall';
}

/** Stands between a consumer and a provider, and breaks what is between them. */
export interface Relay {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** Connections that came in so far. */
  readonly connections: number;
  /** Bytes carried so far. */
  readonly carried: Readonly<Record<Speaker, number>>;
  /** Whether the point given last has been reached. */
  readonly broken: boolean;
  /** Breaks all connections at once. */
  cut(): void;
  /** Breaks them when so much has been said. Only the point given last counts, and only once. */
  breakAt(point: BreakPoint): void;
}

/** Starts a relay to an address, or to one that is asked for with each connection; it ends with the test. */
export async function startRelay(target: string | (() => string)): Promise<Relay> {
  const relay = new TcpRelay(typeof target === 'string' ? () => target : target);
  onTestFinished(() => relay.stop());
  await relay.listen();
  return relay;
}

class TcpRelay implements Relay {
  connections = 0;
  broken = false;
  readonly carried = { consumer: 0, provider: 0 };
  private point: BreakPoint | undefined;
  private stalled = false;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer({ noDelay: true }, (consumer) => this.join(consumer));

  constructor(private readonly target: () => string) {}

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  stop(): void {
    this.server.close();
    this.cut();
  }

  cut(): void {
    this.stalled = false;
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  breakAt(point: BreakPoint): void {
    this.point = point;
    this.broken = false;
  }

  private join(consumer: Socket): void {
    this.connections++;
    const [host, port] = this.target().split(':');
    const provider = connect({ host: host ?? '', port: Number(port), noDelay: true });
    for (const socket of [consumer, provider]) {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket)).on('error', () => undefined);
    }
    this.carry('consumer', consumer, provider);
    this.carry('provider', provider, consumer);
  }

  private carry(speaker: Speaker, from: Socket, to: Socket): void {
    from.on('data', (chunk: Buffer) => {
      const passed = this.pass(speaker, chunk);
      this.carried[speaker] += passed.length;
      const flows = to.write(passed, () => this.reach(speaker));
      if (flows || this.stalled) return;
      from.pause();
      to.once('drain', () => this.stalled || from.resume());
    });
    from.on('end', () => to.end());
    from.on('close', () => to.destroy());
  }

  /** What of a chunk still gets through. */
  private pass(speaker: Speaker, chunk: Buffer): Buffer {
    const { point } = this;
    if (this.stalled) return chunk.subarray(0, 0);
    if (point?.speaker !== speaker) return chunk;
    const passed = chunk.subarray(0, point.afterBytes);
    this.point = { ...point, afterBytes: point.afterBytes - passed.length };
    return passed;
  }

  /** Breaks, when the point is reached with what was passed on. */
  private reach(speaker: Speaker): void {
    const { point } = this;
    if (point?.speaker !== speaker || point.afterBytes > 0) return;
    this.point = undefined;
    this.broken = true;
    if (point.how === 'cut') return this.cut();
    this.stalled = true;
    for (const socket of this.sockets) socket.pause();
  }
}
