import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { Connection, OutboundCall } from '../transport.js';
import { UnderWay } from '../under-way.js';
import { refusalOf } from '../refusals.js';
import { Channel, type ChannelOptions, type Target } from './channel.js';
import { PendingCall } from '../pending-call.js';

/** Connections to one address: as many channels as the options ask for, used in turn. */
export class GrpcConnection implements Connection {
  private readonly channels: readonly Channel[];
  private readonly maxMessageBytes: number;
  private readonly underWay = new UnderWay();
  private readonly settled = (): void => this.underWay.leave();
  private turn = 0;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly target: Target,
    options: ChannelOptions,
  ) {
    this.channels = Array.from({ length: options.grpc.connections }, () => new Channel(target, options));
    this.maxMessageBytes = options.limits.maxMessageBytes;
  }

  get pending(): number {
    return this.underWay.count;
  }

  call(call: OutboundCall): Promise<Uint8Array> {
    const refusal = this.refusal(call);
    if (refusal) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      this.underWay.enter();
      this.nextChannel().send(new PendingCall(call, resolve, reject, this.settled));
    });
  }

  close(): Promise<void> {
    return (this.closing ??= this.drain());
  }

  destroy(): void {
    this.closing ??= Promise.resolve();
    for (const channel of this.channels) channel.destroy();
  }

  private refusal(call: OutboundCall): MeshError | undefined {
    const refusal = refusalOf(call, this.maxMessageBytes);
    if (refusal) return refusal;
    if (!this.closing) return undefined;
    const message = `the connection to ${this.target.address} is closed`;
    return new MeshError(MeshCode.ADDRESS_UNREACHABLE, message, { neverSent: true });
  }

  private nextChannel(): Channel {
    this.turn = (this.turn + 1) % this.channels.length;
    return this.channels[this.turn] as Channel;
  }

  private async drain(): Promise<void> {
    await this.underWay.none();
    await Promise.all(this.channels.map((channel) => channel.close()));
  }
}
