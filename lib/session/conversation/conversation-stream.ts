import { ListItem } from '../../collections/linked-list.js';
import { Cancellation } from '../../context/cancellation.js';
import type { Unsent } from '../../context/time-limits.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { DuplexStream } from '../../transport/transport.js';
import type { SessionWait } from '../session-service.js';
import { type CallCarrier, OutboundCall } from './outbound-call.js';

/** Time for the peer to end a stream on which nothing more is sent, in ms. Then it is reset. */
const GOODBYE_MS = 5_000;

/** Time for an acknowledgement to be answered, in ms. */
const ACKNOWLEDGE_MS = 10_000;

/** How late the first answer in line may be, in ms: what waited at the peer until the same deadline is still on its way. */
const GRACE_MS = 500;

/** What a {@link ConversationStream} tells. */
export interface ConversationStreamOwner {
  /** There may be room for more. */
  onRoom?(): void;
  /** The stream is over; all that was under way has failed with the reason. */
  onOver?(reason: MeshError): void;
}

/** The asking side of one stream of a conversation: its answers come in the order of its requests. */
export class ConversationStream extends ListItem implements CallCarrier {
  /** What was sent and is not answered, in order. */
  private readonly pending: OutboundCall[] = [];
  private pendingBytes = 0;
  private reason: MeshError | undefined;
  private goodbye: NodeJS.Timeout | undefined;
  private watch: NodeJS.Timeout | undefined;

  constructor(
    private readonly stream: DuplexStream,
    private readonly owner: ConversationStreamOwner = {},
  ) {
    super();
    void this.read();
  }

  /** Why nothing can be asked on it any more; `undefined` while it can. */
  get over(): MeshError | undefined {
    return this.reason;
  }

  /** Why nothing that was asked was sent yet; `undefined` when some of it may have been. */
  get unsent(): Unsent | undefined {
    return this.stream.unsent;
  }

  /** Waits until what is asked is sent, or never will be. */
  async opened(): Promise<void> {
    await this.stream.opened?.();
  }

  /** Requests that are not answered. */
  get size(): number {
    return this.pending.length;
  }

  /** Bytes of these requests. */
  get bytes(): number {
    return this.pendingBytes;
  }

  /** Sends a request. @returns its answer, as bytes; an error as {@link send} has it */
  ask(message: Uint8Array, wait: SessionWait): Promise<Uint8Array> {
    if (wait.cancellation.reason) return Promise.reject(wait.cancellation.reason);
    const call = new OutboundCall(message, wait, this);
    void this.send(call);
    return call.answer;
  }

  /** Sends an acknowledgement. What becomes of it is of no interest: what the peer does not know to have arrived comes again. */
  acknowledge(message: Uint8Array): void {
    const wait = { deadline: Date.now() + ACKNOWLEDGE_MS, cancellation: new Cancellation() };
    this.ask(message, wait).catch(() => undefined);
  }

  /**
   * Sends a request; its caller hears what comes of it: E0000000607 when the stream was lost, E0000000413 when it is over the
   * limit.
   *
   * @returns resolves when the next may be sent
   */
  async send(call: OutboundCall): Promise<void> {
    if (this.reason) return call.fail(this.reason);
    this.pending.push(call);
    this.pendingBytes += call.message.byteLength;
    try {
      await this.stream.send(call.message);
    } catch (error) {
      const reason = toMeshError(error);
      if (reason.code !== MeshCode.MESSAGE_TOO_LONG) return this.finish(reason);
      // It was not sent, and has no answer.
      this.pending.splice(this.pending.indexOf(call), 1);
      this.pendingBytes -= call.message.byteLength;
      call.fail(reason);
    }
  }

  /** Asks no more: what was asked is answered, then the peer ends the stream. */
  end(): void {
    if (this.reason || this.goodbye) return;
    if (this.unsent) return this.cancel(lost('there is nothing to say to the peer any more'));
    this.stream.end();
    this.goodbye = setTimeout(() => this.cancel(lost('the peer did not end the conversation')), GOODBYE_MS);
  }

  /** Ends the stream at once. What is under way fails with the reason. */
  cancel(reason: MeshError): void {
    if (this.reason) return;
    this.finish(reason);
    this.stream.cancel(reason);
  }

  givenUp(): void {
    if (!this.reason) this.watch ??= setTimeout(() => this.look(), GRACE_MS);
  }

  /** The answers stand in line: when the first is late, those behind it would be, too. */
  private look(): void {
    this.watch = undefined;
    const lateMs = this.pending[0]?.lateMs ?? 0;
    if (lateMs >= GRACE_MS) this.cancel(lost('an answer in the same conversation was late'));
    else if (lateMs > 0) this.givenUp();
  }

  private async read(): Promise<void> {
    try {
      for await (const answer of this.stream.messages) this.gotAnswer(answer);
      this.finish(lost('the peer has ended the conversation'));
    } catch (error) {
      this.finish(toMeshError(error));
    }
  }

  private gotAnswer(answer: Uint8Array): void {
    const call = this.pending.shift();
    if (!call) return this.cancel(new MeshError(MeshCode.ENCODING, 'the peer has answered what was not asked'));
    this.pendingBytes -= call.message.byteLength;
    call.succeed(answer);
    this.owner.onRoom?.();
  }

  private finish(reason: MeshError): void {
    if (this.reason) return;
    this.reason = reason;
    clearTimeout(this.goodbye);
    clearTimeout(this.watch);
    this.pendingBytes = 0;
    for (const call of this.pending.splice(0)) call.fail(reason);
    this.owner.onOver?.(reason);
  }
}

function lost(what: string): MeshError {
  return new MeshError(MeshCode.UNREACHABLE, what);
}
