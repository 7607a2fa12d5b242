import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import {
  acknowledgementAnswer,
  bringsMessage,
  type ConversationRequest,
  failureOutbound,
  numberedOutbound,
  readConversationRequest,
  streamHeaders,
} from '../../protocol/conversation.js';
import type { RawRequest } from '../../protocol/dialect.js';
import type { CallAnswer, InboundStream, StreamHandler, WireHeaders } from '../../transport/transport.js';
import { CLOSING } from '../draining-waits.js';
import type { SessionWait } from '../session-service.js';
import { InboundTurn } from './inbound-turn.js';
import { Unacknowledged } from './unacknowledged.js';

/** Serves one call of a conversation. Calls are started in the order in which they came; what is thrown becomes the answer's code. */
export type ServeRaw = (raw: RawRequest, wait: SessionWait) => Promise<CallAnswer>;

/** What one conversation may have under way. */
export interface ConversationBounds {
  /** Most requests that are not answered; beyond it the stream is not read. Default 1 024. */
  readonly maxMessages?: number;
  /** Most bytes of requests and of answers that have not gone out; beyond it the stream is not read. Default 4 194 304 (4 MiB). */
  readonly maxBytes?: number;
  /** Most messages handed out and not acknowledged, with the pops that wait for such; the next is refused. Default 1 024. */
  readonly maxUnacknowledged?: number;
}

const DEFAULT_BOUNDS: Required<ConversationBounds> = {
  maxMessages: 1_024,
  maxBytes: 4 * 1_024 * 1_024,
  maxUnacknowledged: 1_024,
};

/**
 * Serves conversations (`transport` of the standard, east-west): a stream on which each `Inbound` is one call of the session
 * API, answered by one `Outbound`, in the order of the requests. Many may be under way, up to the bounds; beyond them the
 * stream is not read. A request that is malformed is answered with its code, and the conversation goes on.
 *
 * @param serve what serves the calls, whoever they are meant for
 */
export function serveConversations(serve: ServeRaw, bounds: ConversationBounds = {}): StreamHandler {
  const all = { ...DEFAULT_BOUNDS, ...bounds };
  return (stream) => new InboundConversation(stream, serve, all).run();
}

class InboundConversation {
  private readonly headers: WireHeaders;
  /** What is not answered yet, in the order in which it came. */
  private readonly turns: InboundTurn[] = [];
  private readonly unacknowledged = new Unacknowledged();
  /** Pops under way whose message will have to be acknowledged. */
  private promised = 0;
  /** Peeks under way. What they bring is counted nowhere until they are answered, so there is one at a time. */
  private peeks = 0;
  private bytes = 0;
  private state: 'open' | 'half-closed' | 'draining' | 'gone' = 'open';
  private writing = false;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly stream: InboundStream,
    private readonly serve: ServeRaw,
    private readonly bounds: Required<ConversationBounds>,
  ) {
    this.headers = streamHeaders(stream.headers);
  }

  /** Serves until the peer has said its last and was answered, the stream is gone, or the listener is about to close. */
  async run(): Promise<void> {
    const forgetGone = this.stream.cancellation.onCancel((reason) => this.abandon(reason));
    const forgetDraining = this.stream.draining.onCancel(() => void this.drain());
    try {
      await this.read();
      if (this.state === 'open') this.halfClose();
      await this.until(() => this.turns.length === 0);
    } catch (error) {
      this.abandon(toMeshError(error));
    } finally {
      forgetGone();
      forgetDraining();
      this.unacknowledged.giveBack();
    }
  }

  private async read(): Promise<void> {
    for await (const message of this.stream.messages) {
      if (this.state !== 'open') return;
      this.begin(message);
      if (this.isFull) await this.until(() => !this.isFull);
    }
  }

  private get isFull(): boolean {
    const { maxMessages, maxBytes } = this.bounds;
    if (this.state !== 'open') return false;
    return this.turns.length >= maxMessages || this.bytes >= maxBytes || this.peeks > 0;
  }

  /** Starts what a message asks for. Whatever is wrong with it is its answer. */
  private begin(message: Uint8Array): void {
    try {
      const request = readConversationRequest(message, this.headers);
      this.acknowledge(request);
      if (request.raw) this.call(request.raw, request.manner, message.byteLength);
      else this.answerAtOnce(acknowledgementAnswer());
    } catch (error) {
      this.answerAtOnce(failureOutbound(toMeshError(error)));
    }
  }

  private acknowledge({ acknowledged }: ConversationRequest): void {
    if (acknowledged === undefined) return;
    if (acknowledged <= this.unacknowledged.lastDelivery) return this.unacknowledged.acknowledge(acknowledged);
    const message = `message ${acknowledged} cannot be acknowledged: the last one was ${this.unacknowledged.lastDelivery}`;
    throw new MeshError(MeshCode.INVALID_REQUEST, message);
  }

  private call(raw: RawRequest, manner: InboundTurn['manner'], size: number): void {
    if (manner === 'acknowledged') this.promise();
    if (raw.operation === 'peek') this.peeks++;
    const turn = this.enter(new InboundTurn(raw.operation, manner, size));
    void this.outcome(raw, turn).then((answer) => this.answered(turn, answer));
  }

  private async outcome(raw: RawRequest, { cancellation }: InboundTurn): Promise<CallAnswer> {
    try {
      return await this.serve(raw, { deadline: this.stream.deadline, cancellation });
    } catch (error) {
      return { body: failureOutbound(toMeshError(error)) };
    }
  }

  private promise(): void {
    const { maxUnacknowledged } = this.bounds;
    if (this.promised + this.unacknowledged.size >= maxUnacknowledged) {
      const message = `more than ${maxUnacknowledged} messages wait to be acknowledged on this stream`;
      throw new MeshError(MeshCode.BUFFER_FULL, message);
    }
    this.promised++;
  }

  private answerAtOnce(body: Uint8Array): void {
    this.answered(this.enter(new InboundTurn('nothing', 'plain', 0)), { body });
  }

  private enter(turn: InboundTurn): InboundTurn {
    this.turns.push(turn);
    this.bytes += turn.size;
    return turn;
  }

  private answered(turn: InboundTurn, answer: CallAnswer): void {
    turn.answer = answer;
    this.bytes += answer.body.byteLength - turn.size;
    turn.size = answer.body.byteLength;
    if (turn.operation === 'peek') this.peeks--;
    this.progress();
    if (this.turns[0] === turn && !this.writing) void this.write();
  }

  /** Writes out, in order, what is answered. */
  private async write(): Promise<void> {
    this.writing = true;
    for (let turn = this.turns[0]; turn?.answer; turn = this.turns[0]) {
      await this.send(turn, turn.answer);
      this.turns.shift();
      this.bytes -= turn.size;
      this.progress();
    }
    this.writing = false;
  }

  private async send(turn: InboundTurn, answer: CallAnswer): Promise<void> {
    const settle = answer.settle ?? nothingToSettle;
    if (turn.manner === 'acknowledged') this.promised--;
    if (this.state === 'gone') return settle(false);
    // What nobody can acknowledge any more goes back at once; the answer still says that its pop is over.
    if (turn.manner === 'acknowledged' && this.state === 'half-closed') {
      settle(false);
      return this.sendPlain(failureOutbound(nothingAcknowledged()), nothingToSettle);
    }
    if (turn.manner === 'plain' || !bringsMessage(answer.body)) return this.sendPlain(answer.body, settle);
    return this.sendNumbered(answer.body, settle);
  }

  private async sendPlain(body: Uint8Array, settle: (delivered: boolean) => void): Promise<void> {
    try {
      await this.stream.send(body);
    } catch (error) {
      settle(false);
      return this.sendInstead(toMeshError(error));
    }
    settle(true);
  }

  private async sendNumbered(body: Uint8Array, settle: (delivered: boolean) => void): Promise<void> {
    const delivery = this.unacknowledged.add(settle);
    try {
      await this.stream.send(numberedOutbound(body, delivery));
    } catch (error) {
      this.unacknowledged.takeBackLast();
      await this.sendInstead(toMeshError(error));
    }
  }

  /** An answer over the limit leaves the stream as it is, and its request must not go without one. */
  private async sendInstead(error: MeshError): Promise<void> {
    if (error.code !== MeshCode.MESSAGE_TOO_LONG) return;
    try {
      await this.stream.send(failureOutbound(error));
    } catch {
      // The stream is over, which its reader learns.
    }
  }

  /** The peer has said its last: what it asked for is still answered, but nothing is acknowledged any more. */
  private halfClose(): void {
    this.state = 'half-closed';
    this.end(({ manner }) => manner === 'acknowledged', nothingAcknowledged());
    this.unacknowledged.giveBack();
  }

  /** Takes no more calls, ends those that wait, and ends the stream when all are answered. */
  private async drain(): Promise<void> {
    if (this.state === 'gone') return;
    this.state = 'draining';
    this.end(({ operation }) => operation === 'pop', CLOSING);
    this.progress();
    await this.until(() => this.turns.length === 0);
    this.stream.end();
  }

  /** Nobody is there any more. */
  private abandon(reason: MeshError): void {
    if (this.state === 'gone') return;
    this.state = 'gone';
    this.end(() => true, reason);
    this.unacknowledged.giveBack();
    this.progress();
  }

  /** Ends calls, the last first: a push that waits for room must not get it because one before it was ended. */
  private end(which: (turn: InboundTurn) => boolean, reason: MeshError): void {
    for (const turn of this.turns.toReversed()) if (which(turn)) turn.cancellation.cancel(reason);
  }

  private async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Something happened that somebody may wait for. */
  private progress(): void {
    if (this.waiting.length === 0) return;
    for (const wake of this.waiting.splice(0)) wake();
  }
}

function nothingAcknowledged(): MeshError {
  return new MeshError(
    MeshCode.CANCELLED,
    'the stream has no more requests, so that nothing can be acknowledged on it',
  );
}

function nothingToSettle(): void {}
