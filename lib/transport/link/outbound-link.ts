import { IdTable } from '../../collections/id-table.js';
import { LinkedList, ListItem } from '../../collections/linked-list.js';
import { MAX_TIMER_MS } from '../../context/expiry.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { Pingable } from '../keepalive.js';
import { type Carrier, type Passenger, PendingCall } from '../pending-call.js';
import { notPacked, tooLong } from '../refusals.js';
import type { ByteCarrier } from './byte-carrier.js';
import type { Gathering } from './frame-writer.js';
import type { LargeSend } from './large-messages.js';
import { agree, encodeHello, type Hello } from './hello.js';
import type { Intake } from '../intake.js';
import { Link, type LinkOwner } from './link.js';
import { lengthOf } from '../tails.js';
import type { BodyLifetime, GreetedPeer } from '../transport.js';
import { OutboundStream } from './outbound-stream.js';
import { type PayloadReader, violation } from '../../protocol/payload.js';
import { FrameType, MAGIC, MAX_ID, type Part, WHOLE_BYTES } from './wire.js';

/** A call, and where it stands on its connection. */
export class LinkCall extends PendingCall {
  /** Its number on the connection; 0 before it has one. */
  id = 0;
  /** What of it is still being sent. */
  large: LargeSend | undefined;
  /** Its place among those that wait for room at the peer. */
  place: WaitingPlace | undefined;
}

/** The place of a call that waits for room at the peer. */
class WaitingPlace extends ListItem {
  /** Takes back what the call waits for. */
  takeBack: (() => void) | undefined;

  constructor(readonly call: LinkCall) {
    super();
  }
}

/** Who has made a connection, as the connection sees it. */
export interface OutboundLinkHost {
  /** The peer has greeted: calls can be made. */
  onReady(link: OutboundLink): void;
  /** No more calls can be made; those under way may still end well. */
  onRetired(link: OutboundLink): void;
  /** It is over. */
  onGone(link: OutboundLink, reason: MeshError): void;
}

/** The calling side of a connection. */
export class OutboundLink implements LinkOwner, Carrier, Pingable {
  readonly reads = 'always';
  private readonly link: Link;
  private readonly calls = new IdTable<LinkCall>();
  private readonly streams = new Map<number, OutboundStream>();
  /** Calls that wait for room at the peer. */
  private readonly waiting = new LinkedList<WaitingPlace>();
  private lastId = 0;
  /** A connection that takes no more calls ends with those under way, whether its peer ends it or not. */
  private stage: 'open' | 'retired' | 'left' = 'open';

  /** @param intake what the socket reads into, where it is no memory of its own for each time */
  constructor(
    socket: ByteCarrier,
    private readonly own: Hello,
    private readonly host: OutboundLinkHost,
    intake?: Intake,
  ) {
    this.link = new Link(socket, own, this, { intake });
    socket.write(MAGIC);
    this.link.writer.frame(FrameType.HELLO, 0, encodeHello(own));
  }

  /** Calls under way and streams open. */
  get pending(): number {
    return this.calls.size + this.streams.size + this.waiting.size;
  }

  /** Whether somebody waits for something. */
  get awaited(): boolean {
    return this.pending > 0 && !this.link.isFull;
  }

  /**
   * A call that is alone is sent at once. Where others are under way, their answers lead to calls again, as do those that come on other
   * connections in the same turn: sent together, they cost far less.
   */
  get gathering(): Gathering {
    return this.pending > 0 ? 'turn' : 'tick';
  }

  /** Bytes received so far. */
  get bytesRead(): number {
    return this.link.bytesRead;
  }

  /** Who the peer is, and how far away. */
  get greeted(): GreetedPeer | undefined {
    const { peer, roundTripMs } = this.link;
    return peer && { nodeId: peer.nodeId, instId: peer.instId, roundTripMs };
  }

  /** Whether the peer understands packed calls. */
  get packs(): boolean {
    return this.link.peer?.forms.has('packed') ?? false;
  }

  /** Whether the peer takes no more calls at the moment. */
  get full(): boolean {
    return this.pending >= this.peer.maxCalls;
  }

  /** Sends a call. */
  send(call: LinkCall): void {
    const { packed } = call.call;
    const length = lengthOf(call.call);
    const { maxMessageBytes, maxCalls } = this.peer;
    if (packed && !this.packs) return call.fail(notPacked());
    if (length > maxMessageBytes) return call.fail(tooLong(length, maxMessageBytes));
    if (this.pending >= maxCalls) return call.fail(tooMany(maxCalls));
    call.carrier = this;
    const isLarge = length > WHOLE_BYTES;
    if (!isLarge && !this.link.isFull) return this.write(call);
    const place = new WaitingPlace(call);
    const start = (): void => {
      this.waiting.remove(place);
      this.write(call);
    };
    this.waiting.append(place);
    call.place = place;
    place.takeBack = isLarge ? this.link.whenRoom('calls', length, start) : this.link.writer.whenRoom(start);
  }

  /** The socket is connected: what was said so far is sent. */
  departs(): void {
    this.link.departs();
  }

  /** Opens a stream. */
  open(stream: OutboundStream): void {
    const { maxCalls, windowBytes } = this.peer;
    if (this.pending >= maxCalls) return stream.fail(tooMany(maxCalls));
    stream.carrier = this;
    const id = this.nextId();
    try {
      this.link.open(id, stream.head);
    } catch (error) {
      return stream.fail(toMeshError(error));
    }
    this.streams.set(id, stream);
    stream.attach(this.link, id, windowBytes, this.own.windowBytes);
  }

  abandon(passenger: Passenger): void {
    if (passenger instanceof LinkCall) this.abandonCall(passenger);
    else if (passenger instanceof OutboundStream && this.streams.delete(passenger.id)) {
      this.link.writer.frame(FrameType.CANCEL, passenger.id);
    }
    this.leaveIfDone();
  }

  /** Asks whether the peer is there. */
  ping(answered: () => void): void {
    this.link.ping(answered);
  }

  /** Takes no more calls, and ends the connection after those under way. */
  leave(): void {
    this.retire();
    this.leaveIfDone();
  }

  /** Ends the connection once nothing is under way. */
  finish(): void {
    this.link.finish();
  }

  /** Closes at once. */
  destroy(): void {
    this.link.destroy();
  }

  giveUp(why: string): void {
    this.link.destroy(why);
  }

  onHello(hello: Hello): void {
    agree(hello);
    this.host.onReady(this);
  }

  onFrame(type: number, id: number, payload: PayloadReader, part: Part): void {
    if (id === 0 || id > this.lastId) throw violation(`it answers ${id}, which was never asked`);
    switch (type) {
      case FrameType.ANSWER:
        return this.gotAnswer(id, payload, part);
      case FrameType.MESSAGE:
        return this.link.messageOn(id, this.streams.get(id)?.receiver, payload, part);
      case FrameType.END:
        return this.gotEnd(id);
      case FrameType.ERROR:
        return this.gotError(id, payload);
      case FrameType.CREDIT:
        return this.streams.get(id)?.sender.grant(payload.number());
      default:
        throw violation(`it sends a frame of type ${type}, which is the caller's`);
    }
  }

  onGoaway(lastId: number): void {
    this.retire();
    const why = 'the peer is about to close, and has not looked at the call';
    const unseen = new MeshError(MeshCode.UNREACHABLE, why, { neverSent: true });
    // The last first: none is to begin for those before it.
    const unsent = [...this.waiting].toReversed().map((place) => this.withdraw(place));
    for (const call of unsent.toReversed()) call.fail(unseen);
    for (const call of this.calls.all()) if (call.id > lastId) this.end(call).fail(unseen);
    for (const [id, stream] of this.streams) if (id > lastId && this.streams.delete(id)) stream.fail(unseen);
    this.leaveIfDone();
  }

  onGone(reason: MeshError): void {
    this.host.onGone(this, reason);
    const lost = new MeshError(MeshCode.UNREACHABLE, `there is no answer: ${reason.message}`, { cause: reason });
    const unsent = new MeshError(MeshCode.UNREACHABLE, lost.message, { cause: reason, neverSent: true });
    const passengers = [...this.calls.clear(), ...this.streams.values()];
    const waiting = [...this.waiting];
    this.streams.clear();
    for (const place of waiting) this.waiting.remove(place);
    for (const passenger of passengers) passenger.fail(lost);
    for (const { call } of waiting) call.fail(unsent);
  }

  private get peer(): Hello {
    return this.link.peer ?? this.own;
  }

  private nextId(): number {
    if (++this.lastId === MAX_ID) this.retire();
    return this.lastId;
  }

  private retire(): void {
    if (this.stage === 'open') this.stage = 'retired';
    this.host.onRetired(this);
  }

  private leaveIfDone(): void {
    if (this.stage !== 'retired' || this.pending > 0) return;
    this.stage = 'left';
    this.link.finish();
  }

  private write(call: LinkCall): void {
    const id = this.nextId();
    const length = lengthOf(call.call);
    const isLarge = length > WHOLE_BYTES;
    try {
      this.link.call(id, call.call, timeoutOf(call));
    } catch (error) {
      if (isLarge) this.link.unbegun('calls', length);
      return call.fail(toMeshError(error));
    }
    call.id = id;
    this.calls.add(call);
    if (!isLarge) return;
    call.large = this.link.writer.pieces(call.id, call.call, () => (call.large = undefined));
  }

  private abandonCall(call: LinkCall): void {
    if (call.place && this.waiting.has(call.place)) return void this.withdraw(call.place);
    if (!this.calls.delete(call.id)) return;
    if (call.large) this.link.writer.breakOff(call.large);
    this.link.writer.frame(FrameType.CANCEL, call.id);
  }

  private gotAnswer(id: number, payload: PayloadReader, part: Part): void {
    if (part === 'whole') {
      const lifetime = this.link.lend(payload);
      return this.succeed(id, payload.rest(), lifetime);
    }
    const total = payload.number();
    const whole = (body: Buffer): void => this.succeed(id, body, 'lasting');
    this.link.assemblies.begin(id, total, 'calls', this.calls.get(id) && whole);
  }

  private succeed(id: number, body: Buffer, lifetime: BodyLifetime): void {
    const call = this.calls.get(id);
    this.calls.delete(id);
    call?.succeed(body, lifetime);
    this.leaveIfDone();
  }

  private gotEnd(id: number): void {
    this.endOf(id)?.gotEnd();
    this.leaveIfDone();
  }

  private gotError(id: number, payload: PayloadReader): void {
    this.link.assemblies.drop(id);
    const error = this.link.failure(payload);
    const call = this.calls.get(id);
    if (call) this.end(call).fail(error);
    this.endOf(id)?.fail(error);
    this.leaveIfDone();
  }

  /** A call that waits for room is not sent. */
  private withdraw(place: WaitingPlace): LinkCall {
    this.waiting.remove(place);
    place.takeBack?.();
    return place.call;
  }

  /** A call is over. What is left of its message is not sent, and the peer is told. */
  private end(call: LinkCall): LinkCall {
    this.calls.delete(call.id);
    if (call.large) {
      this.link.writer.breakOff(call.large);
      this.link.writer.frame(FrameType.CANCEL, call.id);
    }
    return call;
  }

  private endOf(id: number): OutboundStream | undefined {
    const stream = this.streams.get(id);
    this.streams.delete(id);
    return stream;
  }
}

/** What a call says of its time; 0 for one that has no end. */
function timeoutOf({ remainingMs }: LinkCall): number {
  return remainingMs === Infinity ? 0 : Math.min(MAX_TIMER_MS, Math.max(1, Math.ceil(remainingMs)));
}

function tooMany(maxCalls: number): MeshError {
  const message = `the peer takes ${maxCalls} calls at a time on one connection, and so many are under way`;
  return new MeshError(MeshCode.BUFFER_FULL, message, { neverSent: true });
}
