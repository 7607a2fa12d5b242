import { LinkedList } from '../../collections/linked-list.js';
import type { MeshError } from '../../errors/mesh-error.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import { refusedBy } from '../failures.js';
import type { PendingCall } from '../pending-call.js';
import type { Target } from '../target.js';
import type { InboundAnswer } from '../transport.js';
import type { HttpWire } from './http-connection.js';
import { lost } from './http-failures.js';
import { Http1Call, type Http1CallOwner } from './http1/http1-call.js';
import { Http1Lane, type Http1LaneOwner, type Http1LaneParts } from './http1/http1-lane.js';
import { requestHead } from './http1/request-head.js';

/** How long a connection is kept for the next call, in ms; less when the peer says so. */
const KEPT_MS = 30_000;

/** What an {@link Http1Wire} needs of the options. */
export type Http1Options = Pick<ResolvedMeshOptions['http'], 'connections' | 'connectTimeoutMs'>;

/** Calls over HTTP/1.1: each has a connection for itself, which is kept for the next. */
export class Http1Wire implements HttpWire, Http1CallOwner, Http1LaneOwner {
  readonly address: string;
  private readonly parts: Http1LaneParts;
  private readonly most: number;
  private readonly lanes = new LinkedList<Http1Lane>();
  /** The connections without a call; the one used last is used first. */
  private readonly free: Http1Lane[] = [];
  /** Calls for which there is no connection. */
  private readonly waiting = new LinkedList<Http1Call>();
  /** Connections whose calls are about to be sent. */
  private sending: Http1Lane[] = [];
  private readonly sendNow = (): void => this.sendAll();

  /**
   * @param keptMs how long a connection without a call is kept, in ms. A call may take any time
   */
  constructor(
    target: Target,
    { connections, connectTimeoutMs }: Http1Options,
    maxMessageBytes: number,
    keptMs = KEPT_MS,
  ) {
    this.address = target.address;
    this.most = connections;
    this.parts = { target, connectTimeoutMs, keptMs, maxMessageBytes };
  }

  get isAnswering(): boolean {
    for (const lane of this.lanes) if (lane.isAnswering) return true;
    return false;
  }

  send(pending: PendingCall<InboundAnswer>): void {
    try {
      this.carry(new Http1Call(pending, requestHead(pending.call, this.address), this));
    } catch (error) {
      pending.fail(refusedBy(error));
    }
  }

  close(): Promise<void> {
    for (const lane of this.free) lane.destroy();
    return Promise.resolve();
  }

  destroy(): void {
    for (const call of this.waiting) {
      this.waiting.remove(call);
      call.pending.fail(this.destroyed());
    }
    for (const lane of this.lanes) lane.destroy(this.destroyed());
  }

  onAbandoned(call: Http1Call): void {
    this.waiting.remove(call);
  }

  onFree(lane: Http1Lane): void {
    const next = this.waiting.shift();
    if (next) this.hand(next, lane);
    else this.free.push(lane);
  }

  onGone(lane: Http1Lane, unsent: Http1Call | undefined): void {
    this.lanes.remove(lane);
    const place = this.free.indexOf(lane);
    if (place >= 0) this.free.splice(place, 1);
    const next = unsent ?? this.waiting.shift();
    if (next) this.carry(next);
  }

  private carry(call: Http1Call): void {
    const lane = this.free.pop();
    if (lane) this.hand(call, lane);
    else if (this.lanes.size < this.most) this.lanes.append(new Http1Lane(this.parts, this, call));
    else this.waiting.append(call);
  }

  /** Whether a connection that was kept is still there shows once what has come on it was read: the call is sent then. */
  private hand(call: Http1Call, lane: Http1Lane): void {
    lane.take(call);
    if (this.sending.push(lane) === 1) setImmediate(this.sendNow);
  }

  private sendAll(): void {
    const { sending } = this;
    this.sending = [];
    for (const lane of sending) lane.send();
  }

  private destroyed(): MeshError {
    return lost(this.address, new Error('it was destroyed'));
  }
}
