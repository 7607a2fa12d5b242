import type { IncomingHttpHeaders } from 'node:http2';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { asked, bareAnswer } from '../answers.js';
import { Channel, type ChannelOptions, type Conductor } from '../http2/channel.js';
import type { Lane } from '../http2/lane.js';
import { PendingCall } from '../pending-call.js';
import { refusalOf } from '../refusals.js';
import { RefusedStream } from '../refused-stream.js';
import type { Target } from '../target.js';
import { LinkCall } from '../link/outbound-link.js';
import { type HelloOptions, ownHello } from '../link/own-hello.js';
import type { CallOwner, Connection, DuplexStream, InboundAnswer, OutboundCall, OutboundHead } from '../transport.js';
import { UnderWay } from '../under-way.js';
import { conductors, type GrpcPassenger } from './conductors.js';
import { OutboundDuplex } from './outbound-duplex.js';

/** Told what a peer says of itself over gRPC. */
export interface GrpcWatcher {
  /** A connection was made. Who answers may be another than before. */
  onConnected(): void;
  /** An answer has begun. */
  onAnswer(headers: IncomingHttpHeaders): void;
}

/** What of the options concerns connections. */
export type GrpcOptions = ChannelOptions & HelloOptions;

/** Connections to one address: as many channels as the options ask for, used in turn. */
export class GrpcConnection implements Connection {
  private readonly channels: readonly Channel<GrpcPassenger>[];
  private readonly maxMessageBytes: number;
  private readonly underWay = new UnderWay();
  private readonly settled = (): void => this.underWay.leave();
  private turn = 0;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly target: Target,
    options: GrpcOptions,
    watcher?: GrpcWatcher,
  ) {
    const { connections, mode } = options.grpc;
    const own = ownHello(options);
    const plain: ConductorOf = (lane) => conductors[mode](lane, own);
    const conductorOf = watcher ? watched(plain, watcher) : plain;
    this.channels = Array.from({ length: connections }, () => new Channel(target, options, conductorOf));
    this.maxMessageBytes = options.limits.maxBodyBytes;
  }

  /** A call goes through any of the channels: each must have learned it. */
  get packs(): boolean {
    return this.channels.every((channel) => channel.packs);
  }

  get pending(): number {
    return this.underWay.count;
  }

  call(call: OutboundCall): Promise<Uint8Array> {
    return asked(this, call);
  }

  ask(call: OutboundCall, owner: CallOwner): void {
    const refusal = refusalOf(call, this.maxMessageBytes) ?? this.closed();
    if (refusal) return owner.failed(refusal);
    this.underWay.enter();
    this.nextChannel().send(new (call.packed ? LinkCall : PendingCall)(call, owner, this.settled));
  }

  async exchange(call: OutboundCall): Promise<InboundAnswer> {
    return bareAnswer(await this.call(call));
  }

  open(head: OutboundHead): DuplexStream {
    const refusal = head.cancellation.reason ?? this.closed();
    if (refusal) return new RefusedStream(refusal);
    this.underWay.enter();
    const stream = new OutboundDuplex(head, this.maxMessageBytes, this.settled);
    this.nextChannel().send(stream);
    return stream;
  }

  close(): Promise<void> {
    return (this.closing ??= this.drain());
  }

  destroy(): void {
    this.closing ??= Promise.resolve();
    for (const channel of this.channels) channel.destroy();
  }

  private closed(): MeshError | undefined {
    if (!this.closing) return undefined;
    const message = `the connection to ${this.target.address} is closed`;
    return new MeshError(MeshCode.ADDRESS_UNREACHABLE, message, { neverSent: true });
  }

  private nextChannel(): Channel<GrpcPassenger> {
    this.turn = (this.turn + 1) % this.channels.length;
    return this.channels[this.turn] as Channel<GrpcPassenger>;
  }

  private async drain(): Promise<void> {
    await this.underWay.none();
    await Promise.all(this.channels.map((channel) => channel.close()));
  }
}

type ConductorOf = (lane: Lane) => Conductor<GrpcPassenger>;

function watched(conductorOf: ConductorOf, watcher: GrpcWatcher): ConductorOf {
  return (lane) => {
    watcher.onConnected();
    lane.onAnswer = (headers) => watcher.onAnswer(headers);
    return conductorOf(lane);
  };
}
