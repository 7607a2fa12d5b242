import type { IncomingHttpHeaders } from 'node:http2';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import type { MeshError } from '../../errors/mesh-error.js';
import { Header } from '../../protocol/headers.js';
import { asked, bareAnswer } from '../answers.js';
import { ConnectionPool } from '../connection-pool.js';
import { GrpcConnection, type GrpcWatcher } from '../grpc/grpc-connection.js';
import { withoutTail } from '../tails.js';
import type { Target } from '../target.js';
import type { TcpConnection } from '../tcp/tcp-connection.js';
import type {
  CallOwner,
  Connection,
  DuplexStream,
  GreetedPeer,
  InboundAnswer,
  OutboundCall,
  OutboundHead,
} from '../transport.js';
import { TcpWay } from './tcp-way.js';

/** What an {@link AutoConnection} needs of the options. */
export type AutoOptions = Pick<ResolvedMeshOptions, 'grpc' | 'tcp' | 'limits' | 'nodeId' | 'instId'>;

/** How one address is reached by each transport. */
export interface Ways {
  readonly grpc: Target;
  readonly tcp: Target;
}

/**
 * The ways to one address: gRPC, and TCP once the peer has offered it over gRPC and has greeted. New calls and streams take TCP
 * while it is up; those under way stay where they are.
 */
export class AutoConnection implements Connection, GrpcWatcher {
  private readonly tcp: TcpWay;
  /** Keeps the connection over gRPC while it is in use. */
  private readonly pool: ConnectionPool<GrpcConnection>;
  private grpc: GrpcConnection;
  /** Whether whom we are connected to over gRPC speaks TCP, too. */
  private offered = false;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly ways: Ways,
    options: AutoOptions,
  ) {
    this.tcp = new TcpWay(ways.tcp, options);
    const { idleTimeoutMs } = options.grpc;
    this.pool = new ConnectionPool(() => new GrpcConnection(ways.grpc, options, this), { idleTimeoutMs });
    this.grpc = this.pool.get(ways.grpc);
  }

  get pending(): number {
    return this.tcp.pending + this.grpc.pending;
  }

  get packs(): boolean {
    const way: Connection = this.tcp.take() ?? this.grpc;
    return way.packs === true;
  }

  get takesTails(): boolean {
    return this.tcp.take() !== undefined;
  }

  get greeted(): GreetedPeer | undefined {
    return this.tcp.take()?.greeted;
  }

  call(call: OutboundCall): Promise<Uint8Array> {
    return asked(this, call);
  }

  ask(call: OutboundCall, owner: CallOwner): void {
    const tcp = this.tcp.take();
    if (!tcp) return this.askOverGrpc(call, owner);
    const failed = (error: MeshError): void => this.failedOver(tcp, call, error, owner);
    tcp.ask(call, { answered: (body, lifetime) => owner.answered(body, lifetime), failed });
  }

  async exchange(call: OutboundCall): Promise<InboundAnswer> {
    return bareAnswer(await this.call(call));
  }

  open(head: OutboundHead): DuplexStream {
    return (this.tcp.take() ?? this.overGrpc()).open(head);
  }

  close(): Promise<void> {
    return (this.closing ??= Promise.all([this.tcp.close(), this.pool.close()]).then(() => undefined));
  }

  destroy(): void {
    this.closing ??= Promise.resolve();
    this.tcp.destroy();
    this.pool.destroy();
  }

  onConnected(): void {
    this.offered = false;
  }

  onAnswer(headers: IncomingHttpHeaders): void {
    this.offered = speaksTcp(headers[Header.TRANSPORTS]);
    if (this.offered) this.tcp.offer();
  }

  /** On a stream that stays open, what was offered when it began is offered with each answer: whoever answers is still the same. */
  private askOverGrpc(call: OutboundCall, owner: CallOwner): void {
    const sent = withoutTail(call);
    if (!this.offered || !this.tcp.heeds) return this.overGrpc().ask(sent, owner);
    const answered: CallOwner['answered'] = (body, lifetime) => {
      if (this.offered) this.tcp.offer();
      owner.answered(body, lifetime);
    };
    this.overGrpc().ask(sent, { answered, failed: (error) => owner.failed(error) });
  }

  private overGrpc(): GrpcConnection {
    if (this.closing) return this.grpc;
    return (this.grpc = this.pool.get(this.ways.grpc));
  }

  /** What was not sent over a connection that takes no more calls goes over gRPC: nothing is to fail for the choice. */
  private failedOver(tcp: TcpConnection, call: OutboundCall, error: MeshError, owner: CallOwner): void {
    const isOfTheWay = error.neverSent && tcp.standing !== 'free' && !this.closing && !call.cancellation.reason;
    if (isOfTheWay) this.askOverGrpc(call, owner);
    else owner.failed(error);
  }
}

function speaksTcp(said: string | readonly string[] | undefined): boolean {
  return typeof said === 'string' && said.split(',').some((transport) => transport.trim() === 'tcp');
}
