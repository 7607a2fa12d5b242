import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { MAGIC } from '../../lib/transport/link/wire.js';

/** What a connection turned out to speak. `tls` hides what is spoken within. */
export type SpokenThere = 'tcp' | 'grpc' | 'tls';

/** A connection that has come by. */
export interface SeenConnection {
  readonly spoken: SpokenThere;
  /** Who calls, as the one behind the witness sees it: `host:port`; empty while it is not handed on. */
  readonly peer: string;
  readonly isOpen: boolean;
  /** Breaks it. */
  cut(): void;
}

/** Does what it likes with a connection that speaks TCP, of which so much was read. */
export type TcpHost = (socket: Socket, first: Buffer) => void;

/** Stands before an address, and sees what is spoken on each connection that comes by. */
export class Witness {
  readonly connections: Seen[] = [];
  /** Where connections that speak TCP go instead of the address. */
  tcpHost: TcpHost | undefined;
  private readonly server = createServer({ noDelay: true }, (socket) => this.meet(socket));

  /** @param target the address; asked for with each connection */
  constructor(private readonly target: () => string) {}

  /** Starts one, which ends with the test. */
  static async before(target: string | (() => string)): Promise<Witness> {
    const witness = new Witness(typeof target === 'string' ? () => target : target);
    await new Promise<void>((resolve) => witness.server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => witness.stop());
    return witness;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The connections that spoke something. */
  speaking(spoken: SpokenThere): readonly SeenConnection[] {
    return this.connections.filter((connection) => connection.spoken === spoken);
  }

  /** What is spoken on the connection of a peer, as the one behind the witness names it. */
  spokenBy(peer: string): SpokenThere | undefined {
    return this.connections.find((connection) => connection.peer === peer)?.spoken;
  }

  private stop(): void {
    this.server.close();
    for (const connection of this.connections) connection.cut();
  }

  private meet(socket: Socket): void {
    socket
      .on('error', () => undefined)
      .once('data', (first: Buffer) => {
        const seen = new Seen(socket, spokenOn(first));
        this.connections.push(seen);
        if (seen.spoken === 'tcp' && this.tcpHost) return this.tcpHost(socket, first);
        seen.handOn(this.target(), first);
      });
  }
}

class Seen implements SeenConnection {
  peer = '';
  private onward: Socket | undefined;

  constructor(
    private readonly socket: Socket,
    readonly spoken: SpokenThere,
  ) {}

  get isOpen(): boolean {
    return !this.socket.destroyed;
  }

  cut(): void {
    this.socket.destroy();
    this.onward?.destroy();
  }

  handOn(target: string, first: Buffer): void {
    const [host, port] = target.split(':');
    const { socket } = this;
    const onward = connect({ host: host ?? '', port: Number(port), noDelay: true });
    this.onward = onward;
    socket.pause();
    onward.once('connect', () => {
      this.peer = `${onward.localAddress}:${onward.localPort}`;
      onward.write(first);
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => undefined).once('close', () => socket.destroy());
    socket.once('close', () => onward.destroy());
  }
}

function spokenOn(first: Buffer): SpokenThere {
  if (first[0] === MAGIC[0]) return 'tcp';
  return first[0] === 0x16 ? 'tls' : 'grpc';
}
