import type { IncomingHttpHeaders } from 'node:http2';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import { toMeshError } from '../../errors/from-unknown.js';
import type { MeshError } from '../../errors/mesh-error.js';
import { Header } from '../../protocol/headers.js';
import { asked, bareAnswer } from '../answers.js';
import { ConnectionPool } from '../connection-pool.js';
import { GrpcConnection, type GrpcWatcher } from '../grpc/grpc-connection.js';
import { withoutTail } from '../tails.js';
import type { Target } from '../target.js';
import type { TcpConnection } from '../tcp/tcp-connection.js';
import type {
  BodyLifetime,
  CallOwner,
  Connection,
  DuplexStream,
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

  call(call: OutboundCall): Promise<Uint8Array> {
    return this.tcp.take() ? asked(this, call) : this.callOverGrpc(call);
  }

  ask(call: OutboundCall, owner: CallOwner): void {
    const tcp = this.tcp.take();
    if (!tcp) return this.askOverGrpc(call, owner);
    tcp.ask(call, new OverTcp(owner, (error) => this.sendElsewhere(call, tcp, error, owner)));
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
  private callOverGrpc(call: OutboundCall): Promise<Uint8Array> {
    const answer = this.overGrpc().call(withoutTail(call));
    if (this.offered && this.tcp.heeds) answer.then(() => this.offered && this.tcp.offer(), ignore);
    return answer;
  }

  private askOverGrpc(call: OutboundCall, owner: CallOwner): void {
    this.callOverGrpc(call).then(
      (body) => owner.answered(body, 'lasting'),
      (cause: unknown) => owner.failed(toMeshError(cause)),
    );
  }

  private overGrpc(): GrpcConnection {
    if (this.closing) return this.grpc;
    return (this.grpc = this.pool.get(this.ways.grpc));
  }

  /** What was not sent over a connection that takes no more calls goes over gRPC: nothing is to fail for the choice. */
  private sendElsewhere(call: OutboundCall, tcp: TcpConnection, error: MeshError, owner: CallOwner): void {
    const isOfTheWay = error.neverSent && tcp.standing !== 'free' && !this.closing && !call.cancellation.reason;
    if (isOfTheWay) this.askOverGrpc(call, owner);
    else owner.failed(error);
  }
}

/** A call that was sent over TCP, as far as it gets there. */
class OverTcp implements CallOwner {
  constructor(
    private readonly owner: CallOwner,
    readonly failed: (error: MeshError) => void,
  ) {}

  answered(body: Uint8Array, lifetime: BodyLifetime): void {
    this.owner.answered(body, lifetime);
  }
}

function speaksTcp(said: string | readonly string[] | undefined): boolean {
  return typeof said === 'string' && said.split(',').some((transport) => transport.trim() === 'tcp');
}

/** Who has made the call is told. */
function ignore(): void {}
