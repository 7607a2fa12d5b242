import type { Socket } from 'node:net';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { bodyOf, settleDelivered, settleLost } from '../answers.js';
import { callHandlerOf, streamHandlerOf } from '../endpoint.js';
import type { Pingable } from '../keepalive.js';
import { peerOf } from '../peer.js';
import { tooLong } from '../refusals.js';
import type { Acceptor, CallAnswer } from '../transport.js';
import type { Outcome } from './frame-writer.js';
import type { Head } from './heads.js';
import { agree, encodeHello, type Hello } from './hello.js';
import { TcpInboundCall } from './inbound-call.js';
import { type InboundStreamHost, TcpInboundStream } from './inbound-stream.js';
import { Link, type LinkOwner } from './link.js';
import { PayloadReader, violation } from '../../protocol/payload.js';
import { FrameType, MAGIC, type Part, WHOLE_BYTES } from './wire.js';

/** What a connection needs of the port it came through, and tells it. */
export interface InboundLinkHost {
  readonly acceptor: Acceptor;
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
  readonly link: Link;
  readonly peer: string;
  private readonly calls = new Map<number, TcpInboundCall>();
  private readonly streams = new Map<number, TcpInboundStream>();
  /** Calls whose messages have not come whole. */
  private readonly arriving = new Set<number>();
  private lastId = 0;
  /** Beyond this, calls are not looked at: their caller was told. */
  private closedFrom = Infinity;

  /** The connection has shown what it speaks: it begins with {@link MAGIC}. */
  constructor(
    socket: Socket,
    private readonly own: Hello,
    private readonly host: InboundLinkHost,
  ) {
    this.peer = peerOf(socket);
    this.link = new Link(socket, own, this, MAGIC.length);
  }

  get bytesRead(): number {
    return this.link.bytesRead;
  }

  /** A caller that is gone without a word leaves its calls, and its streams for ever. */
  get awaited(): boolean {
    return this.calls.size + this.streams.size > 0;
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

  onFrame(type: number, id: number, payload: Buffer, part: Part): void {
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
        return this.streams.get(this.known(id))?.sender.grant(new PayloadReader(payload).number());
      default:
        throw violation(`it sends a frame of type ${type}, which is not the caller's`);
    }
  }

  onGoaway(): void {
    throw violation('a caller cannot refuse calls');
  }

  onGone({ message }: MeshError): void {
    const gone = new MeshError(MeshCode.CANCELLED, `the caller has gone away: ${message}`);
    for (const call of this.calls.values()) this.lose(call, gone);
    for (const stream of this.streams.values()) stream.gotGone(gone);
    this.host.onGone(this);
  }

  onStreamOver(id: number): void {
    if (this.streams.delete(id)) this.over();
  }

  private gotCall(id: number, payload: Buffer, part: Part): void {
    const { head, timeoutMs, rest } = this.begin(id, payload);
    const arrived = (body: Buffer): void => this.arrived(id, head, timeoutMs, body);
    if (part === 'whole') return arrived(rest.rest());
    if (id <= this.closedFrom) this.arriving.add(id);
    this.link.assemblies.begin(id, rest.number(), 'counted', arrived);
  }

  private arrived(id: number, head: Head, timeoutMs: number, body: Buffer): void {
    if (id > this.closedFrom) return;
    this.arriving.delete(id);
    if (this.isFull) return this.link.fail(id, this.tooMany());
    const call = new TcpInboundCall(id, head, timeoutMs, this.peer, body);
    this.calls.set(id, call);
    this.host.onCall();
    void this.serve(call);
  }

  private async serve(call: TcpInboundCall): Promise<void> {
    try {
      const answer = callHandlerOf(this.host.acceptor(call.path), call.path)(call);
      this.answer(call, await answer);
    } catch (error) {
      this.refuse(call, toMeshError(error));
    }
  }

  private gotOpen(id: number, payload: Buffer): void {
    const { head } = this.begin(id, payload);
    if (id > this.closedFrom) return;
    if (this.isFull) return this.link.fail(id, this.tooMany());
    const stream = new TcpInboundStream(id, head, this);
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

  /** A new id is higher than all before. */
  private begin(id: number, payload: Buffer): ReturnType<Link['opened']> {
    if (id <= this.lastId) throw violation(`the id ${id} was used before`);
    this.lastId = id;
    return this.link.opened(payload);
  }

  private known(id: number): number {
    if (id === 0 || id > this.lastId) throw violation(`it speaks of ${id}, which was never begun`);
    return id;
  }

  private get isFull(): boolean {
    return this.calls.size + this.streams.size >= this.own.maxCalls;
  }

  private answer(call: TcpInboundCall, answer: Uint8Array | CallAnswer): void {
    const body = bodyOf(answer);
    if (body.length > this.maxMessageBytes) {
      settleLost(answer);
      return this.refuse(call, tooLong(body.length, this.maxMessageBytes));
    }
    if (this.calls.get(call.id) !== call) return settleLost(answer);
    if (body.length > WHOLE_BYTES) return this.answerLarge(call, answer, body);
    this.link.message(FrameType.ANSWER, call.id, body);
    if (!(answer instanceof Uint8Array) && answer.settle) {
      this.link.writer.onFlushed((outcome) => settle(answer, outcome));
    }
    this.end(call);
  }

  private answerLarge(call: TcpInboundCall, answer: Uint8Array | CallAnswer, body: Uint8Array): void {
    const sent = (outcome: Outcome): void => {
      call.large = undefined;
      settle(answer, outcome);
      this.end(call);
    };
    call.lost = () => settleLost(answer);
    call.takeBack = this.link.whenRoom(body.length, () => {
      call.takeBack = undefined;
      this.link.message(FrameType.ANSWER, call.id, body);
      call.large = this.link.writer.pieces(call.id, body, sent);
    });
  }

  private refuse(call: TcpInboundCall, error: MeshError): void {
    if (this.calls.get(call.id) !== call) return;
    this.link.fail(call.id, error);
    this.end(call);
  }

  /** The caller is gone: its handler is told, and what is left of the answer is not sent. */
  private lose(call: TcpInboundCall, reason: MeshError): void {
    call.takeBack?.();
    if (call.large) {
      this.link.writer.breakOff(call.large);
      this.link.fail(call.id, reason);
    }
    call.lost?.();
    call.cancellation.cancel(reason);
    this.end(call);
  }

  private end(call: TcpInboundCall): void {
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

function settle(answer: Uint8Array | CallAnswer, outcome: Outcome): void {
  if (outcome === 'delivered') settleDelivered(answer);
  else settleLost(answer);
}
