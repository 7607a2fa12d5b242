import { Alarm, clock } from '../../../context/clock.js';
import type { PlainExchange } from './plain-exchange.js';
import { beginsPlainly, readPlainRequest, type PlainRequest } from './plain-request.js';

/** Times of {@link PlainReader}. */
export interface PlainReaderTimes {
  /** For the head of a request to arrive, in ms. */
  readonly headTimeoutMs: number;
  /** For a whole request to arrive, in ms. */
  readonly requestTimeoutMs: number;
}

/** The connection of a {@link PlainReader}. */
export interface PlainReaderHost {
  /** Whether anything that comes is to be read. */
  readonly reading: boolean;
  /** The head of a request has come. @returns `undefined` when the request is not to be read */
  onRequest(request: PlainRequest): PlainExchange | undefined;
  /** All that begins with these bytes is to be read by somebody else. */
  onOdd(rest: Buffer): void;
  /** A request was not complete in time. */
  onLate(): void;
}

/** A head of which more is to come. */
interface UnfinishedHead {
  readonly kind: 'head';
  bytes: Buffer;
  /** When its first byte came, later by the time for which nothing was read: ms since the epoch. */
  begun: number;
  alarm: Alarm;
}

/** A body of which more is to come. */
interface UnfinishedBody {
  readonly kind: 'body';
  readonly exchange: PlainExchange;
  /** Bytes still to come. */
  missing: number;
  alarm: Alarm;
}

/** Reads the plain requests of a connection, in whatever pieces they come. */
export class PlainReader {
  private unfinished: UnfinishedHead | UnfinishedBody | undefined;
  /** Since when nothing is read: ms since the epoch. */
  private pausedAt: number | undefined;

  constructor(
    private readonly host: PlainReaderHost,
    private readonly times: PlainReaderTimes,
  ) {}

  /** Of what something has come, but not all. */
  get amidst(): 'head' | 'body' | undefined {
    return this.unfinished?.kind;
  }

  /** Whether nothing is read for a while. */
  get paused(): boolean {
    return this.pausedAt !== undefined;
  }

  /** Reads what comes next. */
  read(chunk: Buffer): void {
    const { unfinished } = this;
    if (!unfinished) this.readRequests(chunk, 0);
    else if (unfinished.kind === 'body') this.readRequests(chunk, this.readBody(unfinished, chunk));
    else this.readRequests(Buffer.concat([unfinished.bytes, chunk]), 0);
  }

  /** Waits no longer for what is still to come. */
  stop(): void {
    if (this.unfinished) clock.callOff(this.unfinished.alarm);
    this.unfinished = undefined;
  }

  /** Nothing is read for a while, through no fault of who sends: the time for what is still to come stands still. */
  pause(): void {
    if (this.pausedAt !== undefined) return;
    this.pausedAt = Date.now();
    if (this.unfinished) clock.callOff(this.unfinished.alarm);
  }

  /** Something is read again. */
  resume(): void {
    const { unfinished, pausedAt } = this;
    if (pausedAt === undefined) return;
    this.pausedAt = undefined;
    if (!unfinished) return;
    const pausedMs = Math.max(0, Date.now() - pausedAt);
    if (unfinished.kind === 'head') unfinished.begun += pausedMs;
    unfinished.alarm = this.setAlarm(unfinished.alarm.deadline + pausedMs);
  }

  private readRequests(bytes: Buffer, from: number): void {
    const { host } = this;
    for (let at = from; at < bytes.length && host.reading;) {
      const request = readPlainRequest(bytes, at);
      if (!request && beginsPlainly(bytes, at)) return this.awaitHead(bytes.subarray(at));
      const exchange = request && host.onRequest(request);
      if (!exchange) return this.leave(bytes.subarray(at));
      at = request.end;
      exchange.gotData(request.body);
      if (at > bytes.length) return this.awaitBody(exchange, at - bytes.length);
      this.stop();
      exchange.gotEnd();
    }
  }

  /** @returns where the body ends: in the chunk, or behind it */
  private readBody(body: UnfinishedBody, chunk: Buffer): number {
    const { exchange, missing } = body;
    const isLast = chunk.length >= missing;
    body.missing -= chunk.length;
    if (isLast) this.stop();
    exchange.gotData(chunk.subarray(0, missing));
    if (isLast) exchange.gotEnd();
    return missing;
  }

  private awaitHead(bytes: Buffer): void {
    if (this.unfinished?.kind === 'head') return void (this.unfinished.bytes = bytes);
    const begun = Date.now();
    const alarm = this.setAlarm(begun + this.times.headTimeoutMs);
    this.unfinished = { kind: 'head', bytes, begun, alarm };
  }

  private awaitBody(exchange: PlainExchange, missing: number): void {
    const begun = this.unfinished?.kind === 'head' ? this.unfinished.begun : Date.now();
    this.stop();
    if (!this.host.reading) return;
    const alarm = this.setAlarm(begun + this.times.requestTimeoutMs);
    this.unfinished = { kind: 'body', exchange, missing, alarm };
  }

  private setAlarm(deadline: number): Alarm {
    const alarm = new Overdue(deadline, this.host);
    if (this.pausedAt === undefined) clock.set(alarm);
    return alarm;
  }

  private leave(rest: Buffer): void {
    this.stop();
    this.host.onOdd(rest);
  }
}

/** Rings when a request is not complete in time. */
class Overdue extends Alarm {
  constructor(
    deadline: number,
    private readonly host: PlainReaderHost,
  ) {
    super(deadline);
  }

  ring(): void {
    this.host.onLate();
  }
}
