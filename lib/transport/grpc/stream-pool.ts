import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { CallStream } from './call-stream.js';
import { type Frame, writeFrame } from './frames.js';
import { requestHeaders } from './headers.js';
import type { Lane } from '../http2/lane.js';
import type { PendingCall } from '../pending-call.js';
import type { SharedHead } from '../transport.js';

/** Names the path and the series of calls that may share a stream: packed ones by the head that they share. */
export type SeriesKey = SharedHead | string;

/** How much a pool keeps for calls to come. */
export interface PoolBounds {
  /** Idle streams kept on one connection, of all series together. */
  readonly maxIdle: number;
  /** A stream that had no call for one to two times this long is closed, in ms. */
  readonly idleMs: number;
}

/**
 * For peers of whom nothing is known. Few: a peer that serves each stream with a thread, as the blocking reference SDK does
 * with its ten for each processor, serves nobody else with those that idle streams occupy.
 */
export const SPARING: PoolBounds = { maxIdle: 4, idleMs: 1_000 };

/** For peers who say that they take calls in streams. */
export const GENEROUS: PoolBounds = { maxIdle: 256, idleMs: 15_000 };

/** What a pool tells of its streams. */
export interface PoolWatcher {
  /** The peer has ended a stream of the series with a failure. */
  onRefusal(series: SeriesKey): void;
}

/** The open streams of a series. */
interface Series {
  readonly key: SeriesKey;
  readonly idle: PooledStream[];
  /** How many there are, with those that carry a call. */
  open: number;
}

/**
 * Streams that stay open between the calls that they carry, one call at a time, so that no call waits for the answer to
 * another and cancelling a call costs only its own stream. A stream carries calls of one path and one series.
 */
export class StreamPool {
  private readonly series = new Map<SeriesKey, Series>();
  private idleCount = 0;
  private sweeper: NodeJS.Timeout | undefined;

  constructor(
    private readonly lane: Lane,
    private readonly bounds: PoolBounds,
    readonly watcher?: PoolWatcher,
  ) {
    lane.session.once('close', () => clearInterval(this.sweeper));
  }

  /** How many streams of a series are open. */
  openOf(key: SeriesKey): number {
    return this.series.get(key)?.open ?? 0;
  }

  /**
   * Sends a call on an idle stream of its series, else on a new one, which its headers open.
   *
   * @throws MeshError E0000000400 for headers that cannot be sent, or what node:http2 throws when it takes no more streams
   */
  send(pending: PendingCall, key: SeriesKey): void {
    const series = this.series.get(key) ?? { key, idle: [], open: 0 };
    const stream = this.take(series) ?? this.openFor(series, pending);
    stream.carry(pending);
  }

  /** Takes back a stream whose call has its answer. */
  release(stream: PooledStream): void {
    if (this.idleCount >= this.bounds.maxIdle || this.lane.session.closed) return stream.finish();
    stream.series.idle.push(stream);
    this.idleCount++;
    this.sweeper ??= setInterval(() => this.sweep(), this.bounds.idleMs).unref();
  }

  /** Forgets a stream that ended while it was idle. */
  drop(stream: PooledStream): void {
    const { idle } = stream.series;
    const index = idle.indexOf(stream);
    if (index < 0) return;
    idle.splice(index, 1);
    this.idleCount--;
  }

  /** A stream is gone. */
  gone({ series }: PooledStream): void {
    if (--series.open === 0) this.series.delete(series.key);
  }

  /** Closes all idle streams. */
  clear(): void {
    this.closeIdle(() => true);
  }

  private take({ idle }: Series): PooledStream | undefined {
    const stream = idle.pop();
    if (stream) this.idleCount--;
    return stream;
  }

  private openFor(series: Series, opener: PendingCall): PooledStream {
    const stream = new PooledStream(this.lane, this, series, opener);
    series.open++;
    this.series.set(series.key, series);
    return stream;
  }

  private sweep(): void {
    this.closeIdle((stream) => stream.age());
    if (this.idleCount > 0) return;
    clearInterval(this.sweeper);
    this.sweeper = undefined;
  }

  private closeIdle(chosen: (stream: PooledStream) => boolean): void {
    for (const stream of [...this.series.values()].flatMap(({ idle }) => idle)) {
      if (!chosen(stream)) continue;
      this.drop(stream);
      stream.finish();
    }
  }
}

/** One stream of the pool. */
class PooledStream extends CallStream {
  private pending: PendingCall | undefined;
  private sweeps = 0;
  private calls = 0;

  /** @param opener the call whose headers open the stream. Its deadline is not sent: the stream outlives it. */
  constructor(
    lane: Lane,
    private readonly pool: StreamPool,
    readonly series: Series,
    opener: PendingCall,
  ) {
    const { path, headers } = opener.call;
    super(lane, lane.session.request(requestHeaders(lane.address, path, headers, Infinity), { endStream: false }));
  }

  carry(pending: PendingCall): void {
    this.pending = pending;
    this.sweeps = 0;
    this.calls++;
    this.lane.calls++;
    pending.carrier = this;
    writeFrame(this.stream, pending.call.body);
  }

  /** Whether the stream has been idle at the sweep before this one already. */
  age(): boolean {
    return ++this.sweeps > 1;
  }

  /** Says that no more calls follow. */
  finish(): void {
    this.stream.end();
  }

  protected override onMessage(frame: Frame): void {
    const pending = this.take();
    if (!pending) throw new MeshError(MeshCode.ENCODING, `${this.lane.address} sent an answer to no call`);
    this.deliver(frame, pending);
    this.pool.release(this);
  }

  protected override onGarbage(error: MeshError): void {
    this.take()?.fail(error);
    this.pool.drop(this);
  }

  protected override onStatus(failure: MeshError | undefined): void {
    this.pool.drop(this);
    if (failure) this.pool.watcher?.onRefusal(this.series.key);
    this.take()?.fail(failure ?? this.ended());
  }

  protected override onGone(failure: MeshError | undefined): void {
    this.pool.drop(this);
    this.pool.gone(this);
    if (failure) this.take()?.fail(failure);
  }

  /** The peer has ended the stream well. When it had answered before, it did so before it could see this call. */
  private ended(): MeshError {
    const message = `${this.lane.address} ended the stream of the call`;
    return new MeshError(MeshCode.UNREACHABLE, message, { neverSent: this.calls > 1 });
  }

  private take(): PendingCall | undefined {
    const { pending } = this;
    if (!pending) return undefined;
    this.pending = undefined;
    this.lane.calls--;
    return pending;
  }
}
