import { OutboundTunnel } from '../../lib/transport/grpc/outbound-tunnel.js';
import { UnaryCall } from '../../lib/transport/grpc/unary-call.js';
import { PortListener } from '../../lib/transport/port/port-listener.js';
import { Channel, type Conductor } from '../../lib/transport/http2/channel.js';
import type { Lane } from '../../lib/transport/http2/lane.js';
import { type OutboundLinkHost, LinkCall } from '../../lib/transport/link/outbound-link.js';
import { ownHello } from '../../lib/transport/link/own-hello.js';
import { bareAnswer } from '../../lib/transport/answers.js';
import { unreachable } from '../../lib/transport/failures.js';
import { refusalOf } from '../../lib/transport/refusals.js';
import { targetOf } from '../../lib/transport/target.js';
import { UnderWay } from '../../lib/transport/under-way.js';
import type {
  Acceptor,
  Connection,
  DuplexStream,
  InboundAnswer,
  ListenAt,
  Listener,
  OutboundCall,
  SharedHead,
  Transport,
} from '../../lib/transport/transport.js';
import { transportOptions } from './transport-fixtures.js';

/** Sends every call through a tunnel of its path, and waits for that; the library sends only those that find one. */
export class TunnelTransport implements Transport {
  readonly proto = 'grpc';
  private readonly options = transportOptions();

  dial(address: string): Connection {
    return new TunnelConnection(address, this.options);
  }

  listen(at: ListenAt, acceptor: Acceptor): Promise<Listener> {
    return PortListener.listen(at, acceptor, this.options);
  }
}

class TunnelConnection implements Connection {
  readonly packs = true;
  private readonly channel: Channel<LinkCall>;
  private readonly underWay = new UnderWay();
  private closing: Promise<void> | undefined;

  constructor(
    private readonly address: string,
    private readonly options: ReturnType<typeof transportOptions>,
  ) {
    this.channel = new Channel(targetOf(address), options, (lane) => new Digger(lane, options));
  }

  get pending(): number {
    return this.underWay.count;
  }

  call(call: OutboundCall): Promise<Uint8Array> {
    const refusal = refusalOf(call, this.options.limits.maxBodyBytes);
    if (refusal) return Promise.reject(refusal);
    if (this.closing) return Promise.reject(unreachable(this.address, 'the connection was closed'));
    return new Promise((resolve, reject) => {
      this.underWay.enter();
      this.channel.send(new LinkCall(call, { answered: resolve, failed: reject }, () => this.underWay.leave()));
    });
  }

  async exchange(call: OutboundCall): Promise<InboundAnswer> {
    return bareAnswer(await this.call(call));
  }

  open(): DuplexStream {
    throw new Error('streams take no tunnels');
  }

  close(): Promise<void> {
    return (this.closing ??= this.underWay.none().then(() => this.channel.close()));
  }

  destroy(): void {
    this.closing ??= Promise.resolve();
    this.channel.destroy();
  }
}

/** The tunnels of one connection, by path and headers. */
class Digger implements Conductor<LinkCall> {
  private readonly diggings = new Map<string, Digging>();

  constructor(
    private readonly lane: Lane,
    private readonly options: ReturnType<typeof transportOptions>,
  ) {}

  get pending(): number {
    return [...this.diggings.values()].reduce((sum, { pending }) => sum + pending, 0);
  }

  send(call: LinkCall): void {
    const { path, headers } = call.call;
    const key = JSON.stringify([path, headers]);
    let digging = this.diggings.get(key);
    if (!digging) {
      digging = new Digging({ path, headers }, this.lane, this.options, () => this.diggings.delete(key));
      this.diggings.set(key, digging);
    }
    digging.send(call);
  }

  leave(): void {
    for (const { tunnel } of this.diggings.values()) tunnel.link.leave();
  }
}

class Digging implements OutboundLinkHost {
  readonly tunnel: OutboundTunnel;
  private waiting: LinkCall[] | undefined = [];

  constructor(
    head: SharedHead,
    private readonly lane: Lane,
    options: ReturnType<typeof transportOptions>,
    readonly onRetired: () => void,
  ) {
    this.tunnel = new OutboundTunnel(lane, head, ownHello(options), this);
  }

  get pending(): number {
    return this.tunnel.link.pending + (this.waiting?.length ?? 0);
  }

  send(call: LinkCall): void {
    if (this.waiting) this.waiting.push(call);
    else this.tunnel.link.send(call);
  }

  onReady(): void {
    const { waiting = [] } = this;
    this.waiting = undefined;
    for (const call of waiting) if (!call.settled) this.tunnel.link.send(call);
  }

  /** As in the library, what cannot be tunnelled goes as it does elsewhere. */
  onGone(): void {
    this.onRetired();
    for (const call of this.waiting ?? []) if (!call.settled) void new UnaryCall(this.lane, call);
  }
}
