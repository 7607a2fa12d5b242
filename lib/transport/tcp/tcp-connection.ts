import { connect, type Socket } from 'node:net';
import type { Unsent } from '../../context/time-limits.js';
import type { MeshError } from '../../errors/mesh-error.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import { asked, bareAnswer } from '../answers.js';
import { unreachable } from '../failures.js';
import { Keepalive } from '../keepalive.js';
import { Backoff } from '../backoff.js';
import type { Carrier, Passenger } from '../pending-call.js';
import { refusalOf } from '../refusals.js';
import { RefusedStream } from '../refused-stream.js';
import type { Target } from '../target.js';
import type {
  CallOwner,
  Connection,
  DuplexStream,
  GreetedPeer,
  InboundAnswer,
  OutboundCall,
  OutboundHead,
} from '../transport.js';
import { UnderWay } from '../under-way.js';
import { Intake } from '../intake.js';
import { type HelloOptions, ownHello } from '../link/own-hello.js';
import { OutboundLink, type OutboundLinkHost, LinkCall } from '../link/outbound-link.js';
import { OutboundStream } from '../link/outbound-stream.js';
import { ALPN } from '../link/wire.js';

/** What of the options concerns connections. */
export type TcpOptions = Pick<ResolvedMeshOptions, 'tcp'> & HelloOptions;

/** Time for a peer that took a connection to greet, in ms. */
const GREETING_TIMEOUT_MS = 20_000;

/** Who waits for nothing but the greeting. */
class Guest implements Passenger {
  carrier: Carrier | undefined;

  constructor(
    readonly welcome: () => void,
    readonly fail: (error: MeshError) => void,
  ) {}
}

type Waiting = LinkCall | OutboundStream | Guest;

type State =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'connecting';
      readonly link: OutboundLink;
      readonly waiting: Set<Waiting>;
      readonly stage: Unsent['stage'];
    }
  | { readonly kind: 'ready'; readonly link: OutboundLink }
  | { readonly kind: 'failed'; readonly until: number; readonly reason: MeshError }
  | { readonly kind: 'closed' };

/** What watches over a connection. */
interface Dialled {
  readonly watch: DialWatch;
  readonly keepalive: Keepalive;
}

/**
 * The way to one address: a connection that is made when a call needs it. While it connects, calls wait; after it has failed
 * to, calls fail at once until the time of the next attempt; after it was lost, the next call connects again.
 */
export class TcpConnection implements Connection, Carrier, OutboundLinkHost {
  readonly takesTails = true;
  private state: State = { kind: 'idle' };
  private readonly links = new Map<OutboundLink, Dialled>();
  private readonly backoff: Backoff;
  private readonly underWay = new UnderWay();
  private readonly settled = (): void => this.underWay.leave();
  private closing: Promise<void> | undefined;

  constructor(
    private readonly target: Target,
    private readonly options: TcpOptions,
  ) {
    this.backoff = new Backoff(options.tcp.reconnectMinMs, options.tcp.reconnectMaxMs);
  }

  get pending(): number {
    return this.underWay.count;
  }

  get packs(): boolean {
    return this.state.kind === 'ready' && this.state.link.packs;
  }

  get greeted(): GreetedPeer | undefined {
    return this.state.kind === 'ready' ? this.state.link.greeted : undefined;
  }

  get unsent(): Unsent | undefined {
    const { state, target } = this;
    return state.kind === 'connecting' ? { stage: state.stage, address: target.address } : undefined;
  }

  /** Whether a call can be sent at once: the peer has greeted, and takes more of them. `none`: there is no connection at the moment. */
  get standing(): 'free' | 'full' | 'none' {
    if (this.state.kind !== 'ready') return 'none';
    return this.state.link.full ? 'full' : 'free';
  }

  /** Connects, unless it is connected. @throws MeshError E0000000619 when nobody greets there */
  greet(): Promise<void> {
    return new Promise((resolve, reject) => this.send(new Guest(resolve, reject)));
  }

  call(call: OutboundCall): Promise<Uint8Array> {
    return asked(this, call);
  }

  ask(call: OutboundCall, owner: CallOwner): void {
    const refusal = refusalOf(call, this.options.limits.maxBodyBytes) ?? this.closed();
    if (refusal) return owner.failed(refusal);
    this.underWay.enter();
    this.send(new LinkCall(call, owner, this.settled));
  }

  async exchange(call: OutboundCall): Promise<InboundAnswer> {
    return bareAnswer(await this.call(call));
  }

  open(head: OutboundHead): DuplexStream {
    const refusal = head.cancellation.reason ?? this.closed();
    if (refusal) return new RefusedStream(refusal);
    this.underWay.enter();
    const stream = new OutboundStream(head, this.options.limits.maxBodyBytes, this.settled);
    this.send(stream);
    return stream;
  }

  abandon(passenger: Passenger): void {
    if (this.state.kind === 'connecting') this.state.waiting.delete(passenger as Waiting);
  }

  close(): Promise<void> {
    return (this.closing ??= this.underWay.none().then(() => this.finish()));
  }

  destroy(): void {
    this.closing ??= Promise.resolve();
    this.leave();
    for (const link of this.links.keys()) link.destroy();
  }

  onReady(link: OutboundLink): void {
    this.links.get(link)?.watch.stop();
    if (this.state.kind !== 'connecting' || this.state.link !== link) return;
    const { waiting } = this.state;
    this.state = { kind: 'ready', link };
    this.backoff.reset();
    for (const passenger of waiting) this.hand(passenger, link);
  }

  onRetired(link: OutboundLink): void {
    if (this.state.kind === 'ready' && this.state.link === link) this.state = { kind: 'idle' };
  }

  onGone(link: OutboundLink, reason: MeshError): void {
    const dialled = this.links.get(link);
    dialled?.watch.stop();
    dialled?.keepalive.stop();
    this.links.delete(link);
    this.onRetired(link);
    if (this.state.kind !== 'connecting' || this.state.link !== link) return;
    const { waiting } = this.state;
    const failure = unreachable(this.target.address, reason);
    this.state = { kind: 'failed', until: Date.now() + this.backoff.next(), reason: failure };
    for (const passenger of waiting) passenger.fail(failure);
  }

  private send(passenger: Waiting): void {
    const { state } = this;
    if (state.kind === 'ready') return this.hand(passenger, state.link);
    if (state.kind === 'failed' && Date.now() < state.until) return passenger.fail(state.reason);
    if (state.kind === 'closed') return passenger.fail(this.gone());
    const { waiting } = state.kind === 'connecting' ? state : this.connect();
    waiting.add(passenger);
    passenger.carrier = this;
  }

  private hand(passenger: Waiting, link: OutboundLink): void {
    if (passenger instanceof LinkCall) link.send(passenger);
    else if (passenger instanceof Guest) passenger.welcome();
    else link.open(passenger);
  }

  private connect(): Extract<State, { kind: 'connecting' }> {
    const { host, port, secure } = this.target;
    const intake = secure ? undefined : new Intake();
    const plain = { host, port, noDelay: true, ...(intake && { onread: intake.onread }) };
    const socket: Socket = secure?.connect(host, port, ALPN) ?? connect(plain);
    const link = new OutboundLink(socket, ownHello(this.options), this, intake);
    const watch = new DialWatch(socket, this.options.tcp.connectTimeoutMs);
    this.links.set(link, { watch, keepalive: new Keepalive(link, this.options.tcp) });
    socket.once(secure ? 'secureConnect' : 'connect', () => this.taken(link, watch)).unref();
    const connecting = { kind: 'connecting', link, waiting: new Set<Waiting>(), stage: 'connecting' } as const;
    this.state = connecting;
    return connecting;
  }

  private taken(link: OutboundLink, watch: DialWatch): void {
    watch.taken();
    link.departs();
    const { state } = this;
    if (state.kind === 'connecting' && state.link === link) this.state = { ...state, stage: 'greeting' };
  }

  private closed(): MeshError | undefined {
    return this.closing && this.gone();
  }

  private gone(): MeshError {
    return unreachable(this.target.address, 'the connection was closed');
  }

  /** Nothing new is sent. */
  private leave(): void {
    const { state } = this;
    this.state = { kind: 'closed' };
    if (state.kind === 'connecting') for (const passenger of state.waiting) passenger.fail(this.gone());
  }

  private async finish(): Promise<void> {
    this.leave();
    for (const link of this.links.keys()) link.finish();
  }
}

/** Ends a connection that does not come up in time. */
class DialWatch {
  private timer: NodeJS.Timeout;

  constructor(
    private readonly socket: Socket,
    connectTimeoutMs: number,
  ) {
    this.timer = this.endAfter(connectTimeoutMs, 'it was not taken');
    socket.once('close', () => this.stop());
  }

  /** The address has taken the connection. */
  taken(): void {
    this.stop();
    this.timer = this.endAfter(GREETING_TIMEOUT_MS, 'it was taken, and nobody greeted');
  }

  /** The connection is up. */
  stop(): void {
    clearTimeout(this.timer);
  }

  private endAfter(ms: number, why: string): NodeJS.Timeout {
    return setTimeout(() => this.socket.destroy(new Error(`${why} within ${ms} ms`)), ms).unref();
  }
}
