import { IdTable, type Numbered } from '../../collections/id-table.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError, type MeshErrorOptions } from '../../errors/mesh-error.js';
import { settleDelivered, settleLost } from '../answers.js';
import { callHandlerOf, streamHandlerOf } from '../endpoint.js';
import type { Pingable } from '../keepalive.js';
import { peerOf } from '../peer.js';
import { tooLong } from '../refusals.js';
import { lengthOf, type Tailed } from '../tails.js';
import type { Acceptor, CallAnswer } from '../transport.js';
import type { ByteCarrier } from './byte-carrier.js';
import type { Outcome } from './byte-carrier.js';
import type { Head } from './heads.js';
import { agree, encodeHello, type Hello } from './hello.js';
import { InboundLinkCall } from './inbound-call.js';
import { type InboundStreamHost, InboundLinkStream } from './inbound-stream.js';
import { Link, type LinkOwner } from './link.js';
import { type PayloadReader, violation } from '../../protocol/payload.js';
import { FrameType, MAGIC, MAX_ID, type Part, WHOLE_BYTES } from './wire.js';

/** No call is looked at while answers of so many times what may be under way of large messages wait for the caller to take them. */
const BUSY_WITH = 8;

/** No answer is kept beyond so many times that. */
const KEPT_AT_MOST = 32;

/** What a connection needs of the port it came through, and tells it. */
export interface InboundLinkHost {
  readonly acceptor: Acceptor;
  /** What all calls begin with, whatever they say; absent: what they say. */
  readonly head?: Head;
  /** The peer has said what it has to say before it may call. */
  onGreeted(): void;
  /** A call or stream has begun. */
  onCall(): void;
  /** One is over. */
  onCallOver(): void;
  /** The connection is over. */
  onGone(link: InboundLink): void;
}

/** The serving side of a connection. */
export class InboundLink implements LinkOwner, InboundStreamHost, Pingable {
  readonly reads = 'while it is read';
  readonly gathering = 'tick';
  readonly link: Link;
  readonly peer: string;
  private readonly calls = new IdTable<InboundLinkCall>();
  private readonly streams = new Map<number, InboundLinkStream>();
  /** Calls whose messages have not come whole. */
  private readonly arriving = new IdTable<Numbered>();
  /** Bytes of large answers that the caller has not taken. */
  private held = 0;
  private lastId = 0;
  /** Beyond this, calls are not looked at: their caller was told. */
  private closedFrom = Infinity;

  /** The connection has shown what it speaks: it begins with {@link MAGIC}. */
  constructor(
    socket: ByteCarrier,
    private readonly own: Hello,
    private readonly host: InboundLinkHost,
  ) {
    this.peer = peerOf(socket);
    this.link = new Link(socket, own, this, { skip: MAGIC.length });
  }

  get bytesRead(): number {
    return this.link.bytesRead;
  }

  /**
   * A caller that is gone without a word leaves its calls, its streams, and half of its messages for ever. One who does not read
   * would not read a ping, and is given up otherwise.
   */
  get awaited(): boolean {
    return this.calls.size + this.streams.size + this.link.assemblies.size > 0 && !this.link.isFull;
  }

  get maxMessageBytes(): number {
    return Math.min(this.own.maxMessageBytes, this.link.peer?.maxMessageBytes ?? Infinity);
  }

  /** Takes no new calls, and closes after those under way. */
  drain(): void {
    if (this.closedFrom !== Infinity) return;
    this.closedFrom = this.lastId;
    this.link.goaway(this.lastId);
    for (const stream of this.streams.values()) stream.drain();
    this.finishIfDone();
  }

  /** Asks whether the caller is there. */
  ping(answered: () => void): void {
    this.link.ping(answered);
  }

  /** Closes at once. */
  destroy(): void {
    this.link.destroy();
  }

  giveUp(why: string): void {
    this.link.destroy(why);
  }

  onHello(hello: Hello): void {
    const version = agree(hello);
    const versions = { min: version, max: version };
    this.link.writer.frame(FrameType.HELLO, 0, encodeHello({ ...this.own, versions }));
    this.host.onGreeted();
  }

  onFrame(type: number, id: number, payload: PayloadReader, part: Part): void {
    switch (type) {
      case FrameType.CALL:
        return this.gotCall(id, payload, part);
      case FrameType.OPEN:
        return this.gotOpen(id, payload);
      case FrameType.MESSAGE:
        return this.link.messageOn(id, this.streams.get(this.known(id))?.receiver, payload, part);
      case FrameType.END:
        return this.streams.get(this.known(id))?.gotEnd();
      case FrameType.CANCEL:
        return this.gotCancel(this.known(id));
      case FrameType.CREDIT:
        return this.streams.get(this.known(id))?.sender.grant(payload.number());
      default:
        throw violation(`it sends a frame of type ${type}, which is not the caller's`);
    }
  }

  onGoaway(): void {
    throw violation('a caller cannot refuse calls');
  }

  onGone({ message }: MeshError): void {
    const gone = new MeshError(MeshCode.CANCELLED, `the caller has gone away: ${message}`);
    for (const call of this.calls.all()) this.lose(call, gone);
    for (const stream of this.streams.values()) stream.gotGone(gone);
    this.host.onGone(this);
  }

  onStreamOver(id: number): void {
    if (this.streams.delete(id)) this.over();
  }

  private gotCall(id: number, payload: PayloadReader, part: Part): void {
    this.begin(id);
    const timeoutMs = payload.number();
    const head = this.headOf(payload);
    if (part === 'whole') return this.arrived(id, head, timeoutMs, this.link.kept(payload));
    if (id <= this.closedFrom) this.arriving.add({ id });
    this.link.assemblies.begin(id, payload.number(), 'calls', (body) => {
      this.arriving.delete(id);
      this.arrived(id, head, timeoutMs, body);
    });
  }

  private arrived(id: number, head: Head, timeoutMs: number, body: Buffer): void {
    if (id > this.closedFrom) return;
    if (this.isFull) return this.link.fail(id, this.tooMany());
    if (this.held > BUSY_WITH * this.own.bulkBytes) return this.link.fail(id, unread(this.held, { neverSent: true }));
    const deadline = timeoutMs === 0 ? Infinity : this.link.now + timeoutMs;
    const call = new InboundLinkCall(id, head, deadline, this.peer, body);
    this.calls.add(call);
    this.host.onCall();
    this.serve(call);
  }

  private serve(call: InboundLinkCall): void {
    const refuse = (error: unknown): void => this.refuse(call, toMeshError(error));
    try {
      const handler = callHandlerOf(this.host.acceptor(call.path), call.path);
      const told = (answer: Uint8Array | CallAnswer): void => this.told(call, answer);
      if (handler.tell) handler.tell(call, told);
      else void handler(call).then(told, refuse);
    } catch (error) {
      refuse(error);
    }
  }

  /** Never throws: nobody would hear of it. */
  private told(call: InboundLinkCall, answer: Uint8Array | CallAnswer): void {
    try {
      this.answer(call, answer);
    } catch (error) {
      this.refuse(call, toMeshError(error));
    }
  }

  private gotOpen(id: number, payload: PayloadReader): void {
    this.begin(id);
    // Streams have no timeout.
    payload.number();
    const head = this.headOf(payload);
    if (id > this.closedFrom) return;
    if (this.isFull) return this.link.fail(id, this.tooMany());
    const stream = new InboundLinkStream(id, head, this);
    stream.receiver.attach(this.link, id, this.own.windowBytes);
    stream.sender.attach(this.link, id, this.link.peer?.windowBytes ?? 0);
    this.streams.set(id, stream);
    this.host.onCall();
    void stream.serve((opened) => streamHandlerOf(this.host.acceptor(opened.path), opened.path)(opened));
  }

  private gotCancel(id: number): void {
    this.link.assemblies.drop(id);
    if (this.arriving.delete(id)) return this.finishIfDone();
    const gone = new MeshError(MeshCode.CANCELLED, 'the caller has cancelled');
    const call = this.calls.get(id);
    if (call) this.lose(call, gone);
    this.streams.get(id)?.gotGone(gone);
  }

  private headOf(payload: PayloadReader): Head {
    const said = this.link.head(payload);
    return this.host.head ?? said;
  }

  /** A new id is higher than all before. */
  private begin(id: number): void {
    if (id <= this.lastId) throw violation(`the id ${id} was used before`);
    if (id > MAX_ID) throw violation(`the id ${id} is beyond the last one, ${MAX_ID}`);
    this.lastId = id;
  }

  private known(id: number): number {
    if (id === 0 || id > this.lastId) throw violation(`it speaks of ${id}, which was never begun`);
    return id;
  }

  private get isFull(): boolean {
    return this.calls.size + this.streams.size >= this.own.maxCalls;
  }

  private answer(call: InboundLinkCall, answer: Uint8Array | CallAnswer): void {
    const message: Tailed = answer instanceof Uint8Array ? { body: answer } : answer;
    const length = lengthOf(message);
    if (length > this.maxMessageBytes) {
      settleLost(answer);
      return this.refuse(call, tooLong(length, this.maxMessageBytes));
    }
    if (this.calls.get(call.id) !== call) return settleLost(answer);
    if (length > WHOLE_BYTES) return this.keep(call, answer, message, length);
    this.link.message(FrameType.ANSWER, call.id, message);
    if (!(answer instanceof Uint8Array) && answer.settle) {
      this.link.writer.onFlushed((outcome) => settle(answer, outcome));
    }
    this.end(call);
  }

  /** What the caller does not take piles up here, to a bound. One answer alone always may. */
  private keep(call: InboundLinkCall, answer: Uint8Array | CallAnswer, message: Tailed, length: number): void {
    if (this.held > 0 && this.held + length > KEPT_AT_MOST * this.own.bulkBytes) {
      settleLost(answer);
      return this.refuse(call, unread(this.held));
    }
    this.held += length;
    this.answerLarge(call, answer, message, length);
  }

  private answerLarge(call: InboundLinkCall, answer: Uint8Array | CallAnswer, message: Tailed, length: number): void {
    // It has a name before the call gets it: V8 lets a function that is written behind `call.settle =` be old from the start, since it
    // expects a method there, and keeps all that such a function refers to, the answer too, until the next full collection.
    const settleOnce = (outcome: Outcome): void => {
      if (!call.settle) return;
      call.settle = undefined;
      this.held -= length;
      settle(answer, outcome);
    };
    const sent = (outcome: Outcome): void => {
      call.large = undefined;
      settleOnce(outcome);
      this.end(call);
    };
    call.settle = settleOnce;
    call.takeBack = this.link.whenRoom('calls', length, () => {
      call.takeBack = undefined;
      this.link.message(FrameType.ANSWER, call.id, message);
      call.large = this.link.writer.pieces(call.id, message, sent);
    });
  }

  private refuse(call: InboundLinkCall, error: MeshError): void {
    if (this.calls.get(call.id) !== call) return;
    this.link.fail(call.id, error);
    this.end(call);
  }

  /** The caller is gone: its handler is told, and what is left of the answer is not sent. */
  private lose(call: InboundLinkCall, reason: MeshError): void {
    call.takeBack?.();
    if (call.large) {
      this.link.writer.breakOff(call.large);
      this.link.fail(call.id, reason);
    }
    call.settle?.('lost');
    call.cancellation.cancel(reason);
    this.end(call);
  }

  private end(call: InboundLinkCall): void {
    if (this.calls.delete(call.id)) this.over();
  }

  private over(): void {
    this.host.onCallOver();
    this.finishIfDone();
  }

  private finishIfDone(): void {
    if (this.closedFrom !== Infinity && this.calls.size + this.streams.size + this.arriving.size === 0)
      this.link.finish();
  }

  private tooMany(): MeshError {
    const message = `${this.own.maxCalls} calls are under way on this connection, and no more are taken`;
    return new MeshError(MeshCode.BUFFER_FULL, message, { neverSent: true });
  }
}

function unread(bytes: number, options: MeshErrorOptions = {}): MeshError {
  const message = `answers of ${bytes} bytes wait on this connection for their caller to take them, and no more are kept`;
  return new MeshError(MeshCode.BUFFER_FULL, message, options);
}

function settle(answer: Uint8Array | CallAnswer, outcome: Outcome): void {
  if (outcome === 'delivered') settleDelivered(answer);
  else settleLost(answer);
}
