import type { Unsent } from '../../context/time-limits.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { DuplexStream } from '../../transport/transport.js';
import type { SessionWait } from '../session-service.js';
import { ConversationStream } from './conversation-stream.js';
import { type CallCarrier, OutboundCall } from './outbound-call.js';

/** Opens a stream to `transport` at the peer. @throws MeshError when there can be none */
export type OpenStream = () => DuplexStream;

/** Bounds of an {@link OutboundConversation}. */
export interface OutboundBounds {
  /** Most requests under way. Default 1 024. */
  readonly maxMessages?: number;
  /** Most bytes of requests under way; one may always be. Default 4 194 304 (4 MiB). */
  readonly maxBytes?: number;
  /** Most requests that wait to be sent; the next fails with E0000000700. Default 65 536. */
  readonly maxWaiting?: number;
  /** The stream is ended when nothing was asked for so long, in ms, and opened again when needed. Default 5 000. */
  readonly idleMs?: number;
}

const DEFAULT_BOUNDS: Required<OutboundBounds> = {
  maxMessages: 1_024,
  maxBytes: 4 * 1_024 * 1_024,
  maxWaiting: 65_536,
  idleMs: 5_000,
};

/**
 * A conversation as its client has it: requests go out in order, many under way, and are answered in order. The stream is
 * opened when it is first needed, and again after it was lost or idle. When it is lost, everything under way fails with its
 * reason, and what waits with the same, marked as never sent: who repeats all of it keeps the order.
 */
export class OutboundConversation implements CallCarrier {
  private readonly bounds: Required<OutboundBounds>;
  private stream: ConversationStream | undefined;
  private readonly waiting: OutboundCall[] = [];
  private sending = false;
  private wake: (() => void) | undefined;
  private idle: NodeJS.Timeout | undefined;
  private lastUsed = 0;
  private closed: MeshError | undefined;

  constructor(
    private readonly open: OpenStream,
    bounds: OutboundBounds = {},
  ) {
    this.bounds = { ...DEFAULT_BOUNDS, ...bounds };
  }

  /**
   * Sends a request when its turn comes, and waits for its answer.
   *
   * @returns the `Outbound`, as bytes
   * @throws MeshError E0000000607 when the stream was lost, E0000000601 when the deadline passed, E0000000413 for a message over the limit,
   * E0000000700 when too many wait, E0000000617 when the peer serves no conversations; the reason of the cancellation
   */
  ask(message: Uint8Array, wait: SessionWait): Promise<Uint8Array> {
    const refusal = this.closed ?? wait.cancellation.reason ?? this.refusal();
    if (refusal) return Promise.reject(refusal);
    const call = new OutboundCall(message, wait, this);
    this.waiting.push(call);
    if (!this.sending) void this.send();
    return call.answer;
  }

  /** Whether nothing is under way, and nothing waits. */
  get quiet(): boolean {
    return this.waiting.length === 0 && (this.stream?.size ?? 0) === 0;
  }

  /** Why nothing that was asked was sent yet; `undefined` when some of it may have been. */
  get unsent(): Unsent | undefined {
    return this.stream?.unsent;
  }

  /** A caller gave up: what was not sent never will be, and what was sent still has its answer to come. */
  givenUp(): void {
    while (this.waiting[0]?.settled) this.waiting.shift();
    if (this.closed && this.quiet) this.hangUp();
    this.stream?.givenUp();
  }

  /** Takes no more requests. What is under way is still answered. */
  close(): void {
    this.closed ??= new MeshError(MeshCode.UNREACHABLE, 'the conversation was closed', { neverSent: true });
    if (this.quiet) this.hangUp();
  }

  private refusal(): MeshError | undefined {
    if (this.waiting.length < this.bounds.maxWaiting) return undefined;
    const message = `more than ${this.bounds.maxWaiting} requests wait to be sent to one node`;
    return new MeshError(MeshCode.BUFFER_FULL, message, { neverSent: true });
  }

  private async send(): Promise<void> {
    this.sending = true;
    for (let call = this.waiting[0]; call; call = this.waiting[0]) {
      if (!call.settled) {
        const stream = this.streamFor(call);
        if (stream?.unsent) {
          // Until it can be sent, its caller may give it up without leaving any doubt about that.
          await stream.opened();
          continue;
        }
        if (stream && !this.hasRoom(stream, call)) {
          await new Promise<void>((resolve) => (this.wake = resolve));
          continue;
        }
        // All that waits may have failed meanwhile.
        this.waiting.shift();
        await stream?.send(call);
        continue;
      }
      this.waiting.shift();
    }
    this.sending = false;
    this.rest();
  }

  private streamFor(call: OutboundCall): ConversationStream | undefined {
    if (this.stream) return this.stream;
    try {
      const stream = new ConversationStream(this.open(), {
        onRoom: () => this.onRoom(),
        onOver: (reason) => this.onOver(stream, reason),
      });
      return (this.stream = stream);
    } catch (error) {
      call.fail(toMeshError(error));
      return undefined;
    }
  }

  private hasRoom({ size, bytes }: ConversationStream, { message }: OutboundCall): boolean {
    if (size === 0) return true;
    return size < this.bounds.maxMessages && bytes + message.byteLength <= this.bounds.maxBytes;
  }

  private onRoom(): void {
    this.wake?.();
    this.wake = undefined;
    if (this.quiet) this.rest();
  }

  private onOver(stream: ConversationStream, reason: MeshError): void {
    if (this.stream !== stream) return;
    this.stream = undefined;
    const { code, message } = reason;
    const neverSent = new MeshError(code, message, { neverSent: true, cause: reason });
    for (const call of this.waiting.splice(0)) call.fail(neverSent);
    this.onRoom();
  }

  /** Nothing is left to do at the moment. One timer looks now and then, since a timer for each pause would cost more. */
  private rest(): void {
    if (!this.stream || !this.quiet) return;
    this.lastUsed = Date.now();
    if (this.closed) return this.hangUp();
    this.idle ??= setTimeout(() => this.look(), this.bounds.idleMs);
  }

  private look(): void {
    this.idle = undefined;
    if (!this.quiet) return;
    const left = this.lastUsed + this.bounds.idleMs - Date.now();
    if (left <= 0) this.hangUp();
    else this.idle = setTimeout(() => this.look(), left);
  }

  private hangUp(): void {
    clearTimeout(this.idle);
    this.idle = undefined;
    const { stream } = this;
    this.stream = undefined;
    stream?.end();
  }
}
