import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import type { Conductor } from '../http2/channel.js';
import type { Lane } from '../http2/lane.js';
import type { PendingCall } from '../pending-call.js';
import { notPacked } from '../refusals.js';
import { OutboundDuplex } from './outbound-duplex.js';
import type { Hello } from '../link/hello.js';
import { LinkCall } from '../link/outbound-link.js';
import { WHOLE_BYTES } from '../link/wire.js';
import { Tunnels } from './tunnels.js';
import { GENEROUS, type SeriesKey, SPARING, StreamPool } from './stream-pool.js';
import { UnaryCall } from './unary-call.js';

/** What goes through a channel of gRPC. */
export type GrpcPassenger = PendingCall | OutboundDuplex;

/** Series known to be welcome in streams, on one connection; when there are more, all are learned anew. */
const MAX_WELCOME = 10_000;

/** How each mode sends calls through a connection. */
export const conductors: Readonly<
  Record<ResolvedMeshOptions['grpc']['mode'], (lane: Lane, own: Hello) => Conductor<GrpcPassenger>>
> = {
  unary: (lane) => new Conducting(lane, (call) => void new UnaryCall(lane, call)),
  stream: (lane) => {
    const pool = new StreamPool(lane, SPARING);
    const sendInSeries = (call: PendingCall, key: SeriesKey) => pool.send(call, key);
    return new Conducting(lane, sendInSeries, () => pool.clear());
  },
  auto: (lane, own) => {
    const learner = new Learner(lane, own);
    const sendInSeries = (call: PendingCall, key: SeriesKey) => learner.send(call, key);
    return new Conducting(lane, sendInSeries, () => learner.leave(), learner.tunnels);
  },
};

/** Sends what belongs to no series on a stream of its own, and the rest as told. */
class Conducting implements Conductor<GrpcPassenger> {
  constructor(
    private readonly lane: Lane,
    private readonly sendInSeries: (call: PendingCall, key: SeriesKey) => void,
    private readonly onLeave: () => void = () => undefined,
    private readonly tunnels?: Tunnels,
  ) {}

  get pending(): number {
    return this.tunnels?.pending ?? 0;
  }

  send(passenger: GrpcPassenger): void {
    if (passenger instanceof OutboundDuplex) return passenger.begin(this.lane);
    const { path, series, packed } = passenger.call;
    if (packed) return this.lane.packs ? this.sendInSeries(passenger, packed) : passenger.fail(notPacked());
    if (series === undefined) void new UnaryCall(this.lane, passenger);
    else this.sendInSeries(passenger, `${path} ${series}`);
  }

  leave(): void {
    this.onLeave();
  }
}

/**
 * Sends each call on a stream of its own until an answer says, series by series, that they may share streams. Small packed calls of one head go
 * through a tunnel once several of them are under way at the same time.
 */
class Learner {
  readonly pool: StreamPool;
  readonly tunnels: Tunnels;
  private readonly welcome = new Set<SeriesKey>();

  constructor(
    private readonly lane: Lane,
    own: Hello,
  ) {
    this.tunnels = new Tunnels(lane, own);
    this.pool = new StreamPool(lane, GENEROUS, { onRefusal: (key) => this.welcome.delete(key) });
  }

  send(call: PendingCall, key: SeriesKey): void {
    if (!this.welcome.has(key)) return void new UnaryCall(this.lane, call, () => this.learn(key));
    // Long messages would be copied on their way through a tunnel.
    const head = this.lane.tunnels && call.call.body.length <= WHOLE_BYTES ? call.call.packed : undefined;
    const tunnel = head && this.tunnels.at(head);
    if (tunnel && call instanceof LinkCall) return tunnel.send(call);
    this.pool.send(call, key);
    if (head && this.pool.openOf(key) > 1) this.tunnels.dig(head);
  }

  leave(): void {
    this.pool.clear();
    this.tunnels.leave();
  }

  private learn(key: SeriesKey): void {
    if (this.welcome.size >= MAX_WELCOME) this.welcome.clear();
    this.welcome.add(key);
  }
}
