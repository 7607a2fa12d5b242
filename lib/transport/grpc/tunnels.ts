import type { Lane } from '../http2/lane.js';
import type { Hello } from '../link/hello.js';
import type { OutboundLink, OutboundLinkHost, LinkCall } from '../link/outbound-link.js';
import type { SharedHead } from '../transport.js';
import { OutboundTunnel } from './outbound-tunnel.js';

/** Most tunnels on one connection; the calls of further heads take streams of the pool. */
const MAX_TUNNELS = 32;

/** A tunnel that had no call for one to two times this long is closed, in ms. */
const IDLE_MS = 15_000;

/** The tunnels of one connection: one for each head that calls share. No call waits for one to be dug. */
export class Tunnels {
  /** Those that take calls, or will. */
  private readonly byHead = new Map<SharedHead, Tunnel>();
  /** Those that carry calls to their end, too. */
  private readonly all = new Set<Tunnel>();
  /** Heads for which the peer, or something before it, has let none through. */
  private readonly barred = new WeakSet<SharedHead>();
  private sweeper: NodeJS.Timeout | undefined;

  constructor(
    private readonly lane: Lane,
    private readonly own: Hello,
  ) {
    lane.session.once('close', () => clearInterval(this.sweeper));
  }

  /** Calls under way. */
  get pending(): number {
    let pending = 0;
    for (const { link } of this.all) pending += link.pending;
    return pending;
  }

  /** The tunnel through which a call of the head can go at once, if there is one. */
  at(head: SharedHead): Tunnel | undefined {
    const tunnel = this.byHead.get(head);
    return tunnel?.isFree ? tunnel : undefined;
  }

  /** Digs a tunnel for the calls of a head that are to come, if there is none. Never throws: they go without one as well. */
  dig(head: SharedHead): void {
    if (this.byHead.has(head) || this.barred.has(head)) return;
    if (this.all.size >= MAX_TUNNELS || this.lane.session.closed) return;
    try {
      this.add(new Tunnel(head, this, this.lane, this.own));
    } catch {
      this.barred.add(head);
    }
  }

  /** Takes no more calls: all are closed after those under way. */
  leave(): void {
    for (const tunnel of this.all) tunnel.link.leave();
  }

  /** A tunnel takes no more calls. */
  forget(tunnel: Tunnel): void {
    if (this.byHead.get(tunnel.head) === tunnel) this.byHead.delete(tunnel.head);
  }

  /** A tunnel is gone. */
  drop(tunnel: Tunnel): void {
    this.forget(tunnel);
    this.all.delete(tunnel);
    if (!tunnel.wasOpen) this.barred.add(tunnel.head);
  }

  private add(tunnel: Tunnel): void {
    this.byHead.set(tunnel.head, tunnel);
    this.all.add(tunnel);
    this.sweeper ??= setInterval(() => this.sweep(), IDLE_MS).unref();
  }

  private sweep(): void {
    for (const tunnel of this.byHead.values()) if (tunnel.age()) tunnel.link.leave();
    if (this.all.size > 0) return;
    clearInterval(this.sweeper);
    this.sweeper = undefined;
  }
}

/** One of them. */
class Tunnel implements OutboundLinkHost {
  readonly link: OutboundLink;
  wasOpen = false;
  private sweeps = 0;

  constructor(
    readonly head: SharedHead,
    private readonly tunnels: Tunnels,
    lane: Lane,
    own: Hello,
  ) {
    this.link = new OutboundTunnel(lane, head, own, this).link;
  }

  /** Whether it takes a call at once. */
  get isFree(): boolean {
    return this.wasOpen && !this.link.full;
  }

  send(call: LinkCall): void {
    this.sweeps = 0;
    this.link.send(call);
  }

  /** Whether it has been idle at the sweep before this one already. */
  age(): boolean {
    if (this.link.pending > 0) this.sweeps = 0;
    return ++this.sweeps > 1;
  }

  onReady(): void {
    this.wasOpen = true;
  }

  onRetired(): void {
    this.tunnels.forget(this);
  }

  onGone(): void {
    this.tunnels.drop(this);
  }
}
