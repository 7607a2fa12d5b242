import { markAsUntransferable } from 'node:worker_threads';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { lengthOf, type Tailed, wholeOf } from '../tails.js';
import type { BodyLifetime, OutboundCall, OutboundHead } from '../transport.js';
import { Assemblies, type Bulk } from './assemblies.js';
import { BulkGate } from './bulk-gate.js';
import type { ByteCarrier } from './byte-carrier.js';
import { FrameReader, type FrameSink } from './frame-reader.js';
import { FrameWriter, type Gathering, MARK_BYTES, type Pressure } from './frame-writer.js';
import { type Head, HeadReader, HeadWriter } from './heads.js';
import { decodeHello, type Hello } from './hello.js';
import type { Intake } from '../intake.js';
import { spentMemory } from '../spent-memory.js';
import { PingBudget } from './ping-budget.js';
import { type PayloadReader, PayloadWriter, sizeOfNumber, violation } from '../../protocol/payload.js';
import { FrameType, MORE, type Part, type Piece, STREAMS_ID, WHOLE_BYTES } from './wire.js';

/** Who uses a connection: the side that calls, or the side that serves. */
export interface LinkOwner {
  /**
   * Whether it reads on while the other side does not. The side that calls has to: else both might wait for each other.
   */
  readonly reads: 'always' | 'while it is read';
  /** How long frames may wait for others. */
  readonly gathering: Gathering;
  /** The other side has greeted. @throws MeshError when it cannot be spoken to */
  onHello(hello: Hello): void;
  /** A frame about a call or stream. @throws MeshError E0000000616 when it breaks the protocol */
  onFrame(type: number, id: number, payload: PayloadReader, part: Part): void;
  /** The other side takes no more calls beyond an id. */
  onGoaway(lastId: number): void;
  /** The connection is over. It is told once. */
  onGone(reason: MeshError): void;
}

/** Takes the messages of a stream. */
export interface MessageReceiver {
  /** A message begins. @throws MeshError E0000000616 when nothing was granted for it */
  begin(bytes: number): void;
  /** A message has come: a view of what was received. */
  push(message: Buffer): void;
  /** A message has come that was cut: it counts until it is read. */
  pushLarge(message: Buffer): void;
}

/** Longest reason read of a connection that is closed. */
const MAX_REASON = 1_024;

/** Largest payload of a ping, in bytes: it is sent back. */
const MAX_PING_BYTES = 64;

/** Time for the other side to read why the connection is closed, in ms. */
const LINGER_MS = 500;

/** Time that the other side may take nothing of what waits for it, when too much does, in ms. */
const MAX_UNREAD_MS = 30_000;

/** One connection: the frames both ways, and what concerns neither calls nor streams. */
export class Link implements FrameSink {
  readonly writer: FrameWriter;
  readonly assemblies: Assemblies;
  /** When something came last: ms since the epoch. */
  now = Date.now();
  private readonly reader: FrameReader;
  private readonly scratch = new PayloadWriter();
  private readonly headScratch = new PayloadWriter();
  private readonly headReader: HeadReader;
  private readonly pings = new PingBudget();
  private readonly intake: Intake | undefined;
  private headWriter: HeadWriter | undefined;
  private gates: Readonly<Record<Bulk, BulkGate>> | undefined;
  private greeted: Hello | undefined;
  /** Whether anybody has a view of what was received last. */
  private chunk: 'own' | 'lent' = 'own';
  /** Memory of it that nobody can take away. */
  private shared: ArrayBufferLike | undefined;
  private over: MeshError | undefined;
  private pongs: (() => void)[] = [];
  /** When what this side has said first was sent, in ms, and what the greeting took in answer. */
  private departed: number | undefined;
  private greetingMs: number | undefined;
  /** What a ping had that came while the other side did not read. */
  private unanswered: Buffer | undefined;

  /**
   * @param own what this side takes
   * @param source how it comes: behind so many bytes, and out of what the socket reads into
   */
  constructor(
    private readonly socket: ByteCarrier,
    own: Hello,
    private readonly owner: LinkOwner,
    { skip = 0, intake }: { readonly skip?: number; readonly intake?: Intake | undefined } = {},
  ) {
    this.reader = new FrameReader(this, skip);
    this.writer = new FrameWriter(
      socket,
      (pressure) => this.heed(pressure),
      () => owner.gathering,
    );
    this.headReader = new HeadReader(own.table);
    this.assemblies = new Assemblies(own, (of, bytes) => this.credit(of === 'calls' ? 0 : STREAMS_ID, bytes));
    this.intake = intake;
    if (intake) intake.receive = (chunk) => this.receive(chunk);
    else socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('timeout', () => this.lose(`nothing of what was sent was read for ${MAX_UNREAD_MS} ms`));
    socket.once('end', () => this.lose('the other side has ended the connection'));
    socket.once('error', (error) => this.lose(error.message));
    socket.once('close', () => this.lose('the connection was lost'));
  }

  /** What the other side has said of itself. */
  get peer(): Hello | undefined {
    return this.greeted;
  }

  /** Whether the other side does not take what is written. */
  get isFull(): boolean {
    return this.writer.isFull;
  }

  /** Bytes received so far. */
  get bytesRead(): number {
    return this.socket.bytesRead;
  }

  /** What the way to the other side and back took last, in ms, its answering included; `undefined` until something has shown it. */
  get roundTripMs(): number | undefined {
    return this.writer.roundTripMs ?? this.greetingMs;
  }

  /** What this side has said is on its way from now on, with nothing before it: the other side's greeting answers it. */
  departs(): void {
    this.departed = performance.now();
  }

  /** Writes the frame that a call begins with. @throws MeshError E0000000413 when its head is too long */
  call(id: number, call: OutboundCall, timeoutMs: number): void {
    const { writer, headWriter } = this;
    const { path, headers, packed } = call;
    const length = lengthOf(call);
    const isWhole = length <= WHOLE_BYTES;
    const type = isWhole ? FrameType.CALL : FrameType.CALL | MORE;
    const rest = isWhole ? wholeOf(call) : new PayloadWriter(8).number(length).written;
    const known = packed && headWriter?.known(packed);
    if (known !== undefined) return writer.numbers(type, id, timeoutMs, sizeOfNumber(known), known, rest);
    const head = this.headScratch.clear();
    if (packed) headWriter?.writeShared(head, packed);
    else headWriter?.write(head, { path, headers });
    writer.frame(type, id, this.begin(timeoutMs, head.written).written, rest);
  }

  /** Writes the frame that a stream begins with. */
  open(id: number, head: OutboundHead): void {
    this.headWriter?.write(this.headScratch.clear(), head);
    this.writer.frame(FrameType.OPEN, id, this.begin(0, this.headScratch.written).written);
  }

  /** Reads what {@link call} or {@link open} wrote, up to the head. @throws MeshError E0000000616 when it is malformed */
  head(payload: PayloadReader): Head {
    return this.headReader.read(payload, payload.number());
  }

  /**
   * What is left of a payload, a message that is not cut, is handed out as it is.
   *
   * @returns how long it is there
   * @throws MeshError E0000000616 when it is too long
   */
  lend(payload: PayloadReader): BodyLifetime {
    this.assemblies.check(payload.left);
    this.share(payload);
    return this.intake ? 'passing' : 'lasting';
  }

  /** What is left of a payload, a message that is not cut, to be kept. @throws MeshError E0000000616 when it is too long */
  kept(payload: PayloadReader): Buffer {
    this.assemblies.check(payload.left);
    this.share(payload);
    return this.intake ? payload.copy() : payload.rest();
  }

  /** Writes a message: whole, or its first frame. */
  message(type: number, id: number, message: Tailed): void {
    const length = lengthOf(message);
    if (length <= WHOLE_BYTES) return this.writer.frame(type, id, message.body, message.tail);
    this.writer.frame(type | MORE, id, this.scratch.clear().number(length).written);
  }

  /** Lets a large message begin when there is room for it at the other side. @returns takes it back */
  whenRoom(of: Bulk, bytes: number, start: () => void): () => void {
    return this.gates?.[of].pass(bytes, start) ?? (() => undefined);
  }

  /** A message that was let begin does not: there is room for others. */
  unbegun(of: Bulk, bytes: number): void {
    this.gates?.[of].release(bytes);
  }

  /** Reads a message of a stream. @param receiver absent where nobody reads it any more: it is passed over */
  messageOn(id: number, receiver: MessageReceiver | undefined, payload: PayloadReader, part: Part): void {
    const total = part === 'whole' ? payload.left : payload.number();
    receiver?.begin(total);
    if (part === 'whole') return receiver?.push(this.kept(payload));
    this.assemblies.begin(id, total, 'streams', receiver && ((message) => receiver.pushLarge(message)));
  }

  /** Tells why a call or stream has failed. */
  fail(id: number, { code, message, neverSent }: MeshError): void {
    const { scratch } = this;
    scratch
      .clear()
      .number(neverSent ? 1 : 0)
      .text(code)
      .text(message.slice(0, 8_192));
    this.writer.frame(FrameType.ERROR, id, scratch.written);
  }

  /** Reads what {@link fail} wrote. */
  failure(payload: PayloadReader): MeshError {
    const flags = payload.number();
    return new MeshError(payload.text(), payload.text(), { neverSent: (flags & 1) !== 0 });
  }

  /** Lets the other side send so much more on a stream; with id 0, of large messages. */
  credit(id: number, bytes: number): void {
    if (!this.over) this.writer.frame(FrameType.CREDIT, id, this.scratch.clear().number(bytes).written);
  }

  /** Takes no more calls beyond an id. */
  goaway(lastId: number): void {
    this.writer.frame(FrameType.GOAWAY, lastId);
  }

  /** Asks whether the other side is there. @param answered told when it is */
  ping(answered: () => void): void {
    this.pongs.push(answered);
    this.writer.ask();
  }

  /** Closes the connection, and tells the other side why. */
  refuse(error: MeshError): void {
    if (this.over) return;
    this.writer.frame(FrameType.CLOSE, 0, new PayloadWriter(256).text(error.code).text(error.message).written);
    this.writer.finish();
    this.linger();
    this.end(error);
  }

  /** Ends the connection after what was written, however long the other side takes to read it, as long as it does. */
  finish(): void {
    this.socket.setTimeout(MAX_UNREAD_MS);
    this.socket.once('finish', () => this.linger());
    this.writer.finish();
  }

  /** Closes at once. */
  destroy(why = 'the connection was closed'): void {
    this.lose(why);
  }

  frame(type: number, id: number, payload: PayloadReader, part: Part): void {
    if (this.over) return;
    if (!this.greeted) return this.meet(type, payload);
    switch (type) {
      case FrameType.HELLO:
        throw violation('it greets twice');
      case FrameType.PING:
        if (payload.left > MAX_PING_BYTES) throw violation(`a ping takes ${payload.left} bytes`);
        this.pings.take();
        return this.answerPing(payload);
      case FrameType.PONG:
        return this.heedPong(payload);
      case FrameType.GOAWAY:
        return this.owner.onGoaway(id);
      case FrameType.CLOSE:
        return this.heedClose(payload);
      case FrameType.CREDIT:
        if (id === 0) return this.heedCredit('calls', payload.number());
        if (id === STREAMS_ID) return this.heedCredit('streams', payload.number());
    }
    this.pings.reset();
    this.owner.onFrame(type, id, payload, part);
  }

  piece(id: number, bytes: Buffer, which: Piece): void {
    if (this.over) return;
    this.pings.reset();
    this.assemblies.add(id, bytes, which);
  }

  /** Who reads nothing gets one answer, to the last one, when it reads again: it says that those before have been read, too. */
  private answerPing(payload: PayloadReader): void {
    if (this.writer.isFull) this.unanswered = payload.copy();
    else this.writer.frame(FrameType.PONG, 0, payload.rest());
  }

  /** It stands for those to all pings before, which may not come: {@link answerPing}. */
  private heedPong(payload: PayloadReader): void {
    if (payload.left === MARK_BYTES) this.writer.gotAnswer(payload.rest().readUInt32BE());
    for (const answered of this.pongs.splice(0)) answered();
  }

  private begin(timeoutMs: number, head: Buffer): PayloadWriter {
    return this.scratch.clear().number(timeoutMs).number(head.length).raw(head);
  }

  private receive(chunk: Buffer): void {
    if (this.over) return;
    this.now = Date.now();
    this.chunk = 'own';
    try {
      this.reader.push(chunk);
      this.spend(chunk);
    } catch (error) {
      this.refuse(toMeshError(error));
    }
  }

  /** Somebody gets a view of what was received, and may hand its memory on to a worker: where there is more in it, that copies. */
  private share(payload: PayloadReader): void {
    this.chunk = 'lent';
    if (this.intake) return;
    const { memoryShared } = payload;
    if (!memoryShared || memoryShared === this.shared) return;
    this.shared = memoryShared;
    markAsUntransferable(memoryShared);
  }

  /** Of pieces of messages, and of nearly all else, nothing is left in what was read. An intake is read into again. */
  private spend(chunk: Buffer): void {
    this.shared = undefined;
    if (this.chunk === 'own' && !this.intake && !this.socket.keepsChunks) spentMemory.giveBack(chunk);
  }

  /** Who does not read is not read, either, where it would make this side write; and is given up when that lasts. */
  private heed(pressure: Pressure): void {
    const { socket } = this;
    socket.setTimeout(pressure === 'full' ? MAX_UNREAD_MS : 0);
    if (pressure === 'room' && this.unanswered) {
      this.writer.frame(FrameType.PONG, 0, this.unanswered);
      this.unanswered = undefined;
    }
    if (this.owner.reads === 'always') return;
    if (pressure === 'full') socket.pause();
    else socket.resume();
  }

  private meet(type: number, payload: PayloadReader): void {
    if (type === FrameType.CLOSE) return this.heedClose(payload);
    if (type !== FrameType.HELLO) throw violation('it does not greet first');
    const hello = decodeHello(payload.rest());
    this.greeted = hello;
    if (this.departed !== undefined) this.greetingMs = performance.now() - this.departed;
    this.headWriter = new HeadWriter(hello.table);
    this.gates = { calls: new BulkGate(hello.bulkBytes), streams: new BulkGate(hello.bulkBytes) };
    this.owner.onHello(hello);
  }

  private heedCredit(of: Bulk, bytes: number): void {
    if (!this.gates?.[of].release(bytes)) throw violation('it takes more than was under way');
  }

  private heedClose(payload: PayloadReader): void {
    const code = payload.text();
    const text = payload.text().slice(0, MAX_REASON);
    this.end(new MeshError(code, `the other side has closed the connection: ${text}`));
    this.socket.destroy();
  }

  /** Leaves the other side some time to read what was said last. */
  private linger(): void {
    const { socket } = this;
    const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    socket.once('close', () => clearTimeout(timer));
  }

  private lose(why: string): void {
    this.end(new MeshError(MeshCode.UNREACHABLE, why));
    this.socket.destroy();
  }

  private end(reason: MeshError): void {
    if (this.over) return;
    this.over = reason;
    this.assemblies.clear();
    this.pongs = [];
    this.owner.onGone(reason);
    if (reason.code === MeshCode.UNREACHABLE) this.writer.close();
    else this.socket.once('close', () => this.writer.close());
  }
}
