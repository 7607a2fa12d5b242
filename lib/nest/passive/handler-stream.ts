import { Logger } from '@nestjs/common';
import type { MeshContext } from '../../context/mesh-context.js';
import { toAnswerError } from '../../errors/from-unknown.js';
import { MESH_CODE_TEXT, MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { writeStreamEnd } from '../../protocol/stream-end.js';
import { endingOf } from '../../session/handle/ending.js';
import type { OwnNode } from '../../session/handle/local-port.js';
import { messageSource, type TakeNext } from '../../session/handle/message-source.js';
import type { TopicCarrier } from '../../session/handle/topic-carrier.js';
import { Answers } from './answers.js';
import { Inbound } from './inbound.js';
import { type FirstPush, streamContext } from './stream-context.js';
import type { StreamHandler } from './stream-handler.js';

const logger = new Logger('MeshSession');

const NO_PAYLOAD = new Uint8Array(0);

/** Where the answers of a stream go: to a topic of its sender, or nowhere, since the handler would hear itself. */
export type ReplyTo =
  | { readonly kind: 'topic'; readonly topic: string; readonly sender: 'here' | 'elsewhere' }
  | { readonly kind: 'itself'; readonly topic: string };

/** What a {@link HandlerStream} is made of. */
export interface HandlerStreamParts {
  readonly handler: StreamHandler;
  readonly push: FirstPush;
  readonly own: OwnNode;
  readonly replyTo: ReplyTo;
  /** Takes messages from the queues here, and pushes to the sender. */
  readonly carrier: TopicCarrier;
  /** A stream without a message and an answer for this time is over, in ms. */
  readonly idleTimeoutMs: number;
  /** Whether there is a message to begin with. */
  hasMessage(): Promise<boolean>;
}

/** Why a stream is ended from outside: its session is released, the application closes, or nothing happens. */
export type Cut = 'released' | 'closing' | 'idle';

type StreamEnding = { readonly kind: 'silent' | 'completed' } | { readonly kind: 'failed'; readonly error: MeshError };

/** One stream, from the push that begins it to its end: what a handler reads, its call, and what it answers. */
export class HandlerStream {
  private readonly context: MeshContext;
  private readonly inbound: Inbound;
  private readonly answers: Answers;
  private readonly cutting: Promise<never>;
  private abandon: (reason: MeshError) => void = () => undefined;
  private onLeft: () => void = () => undefined;
  private readonly telling = new AbortController();
  private cause: { readonly cut: Cut; readonly reason: MeshError } | undefined;
  private idle: NodeJS.Timeout | undefined;
  private state: 'answering' | 'listening' | 'ended' = 'answering';

  constructor(private readonly parts: HandlerStreamParts) {
    const { handler, push, own, carrier } = parts;
    this.context = streamContext(push, own);
    const source = messageSource(withoutOldEnds(carrier, push.topic), handler.prefetch);
    this.inbound = new Inbound(source, this.context, {
      arrived: () => this.touch(),
      left: () => this.onLeft(),
      failed: (error) => this.onFailed(error),
    });
    this.answers = new Answers(handler, (payload, signal) => this.reply(payload, signal));
    this.cutting = new Promise((_resolve, reject) => (this.abandon = reject));
    this.cutting.catch(() => undefined);
  }

  /** Whether the stream will not read what arrives now. */
  get isPast(): boolean {
    return this.state === 'ended' || this.cause !== undefined || this.inbound.isLeft;
  }

  /** Runs the stream to its end; never rejects. */
  async run(): Promise<void> {
    if (!(await this.parts.hasMessage()) || this.cause) return;
    this.idle = setTimeout(() => this.cut('idle'), this.parts.idleTimeoutMs).unref();
    const ending = await this.serve();
    this.state = 'ended';
    clearTimeout(this.idle);
    this.close(ending.kind === 'failed' ? ending.error : new MeshError(MeshCode.CANCELLED, 'the stream has ended'));
    await this.tell(ending);
  }

  /** Ends the stream from outside; only the first cut counts. After its end, nobody waits any more for its sender to be told. */
  cut(cut: Cut): void {
    if (this.state === 'ended') this.telling.abort();
    if (this.cause || this.state === 'ended') return;
    const reason = reasonOf(cut, this.parts.idleTimeoutMs);
    this.cause = { cut, reason };
    this.close(reason);
    this.abandon(reason);
  }

  /** Nothing more arrives, since the topic was released; the handler may finish. */
  complete(): void {
    this.inbound.close();
  }

  /** The context comes first: by it, those who see their messages complete may tell why. */
  private close(reason: MeshError): void {
    this.context.cancellation.cancel(reason);
    this.inbound.close();
    this.answers.stop();
  }

  private async serve(): Promise<StreamEnding> {
    const { handler } = this.parts;
    let ending: StreamEnding = { kind: 'silent' };
    const consume = async (result: unknown): Promise<void> => {
      ending = await this.answer(result);
    };
    try {
      const served = this.context.run(() => handler.invoke(this.inbound.messages, this.context, consume));
      await Promise.race([served, this.cutting]);
    } catch (error) {
      ending = { kind: 'failed', error: toAnswerError(error) };
      if (!this.cause) this.log(error, ending.error);
    }
    return this.cause ? { kind: 'failed', error: this.cause.reason } : ending;
  }

  /** A handler that answers nothing ends with its last reader. */
  private async answer(result: unknown): Promise<StreamEnding> {
    if ((await this.answers.send(result)) === 'something') return { kind: 'completed' };
    if (this.state === 'answering') this.state = 'listening';
    if (this.inbound.isRead) await new Promise<void>((resolve) => (this.onLeft = resolve));
    return { kind: 'silent' };
  }

  /** Where nothing is answered, nobody may be there to handle a failure, and RxJS would end the process. */
  private onFailed(error: unknown): 'fail' | 'complete' {
    if (this.state !== 'listening') return 'fail';
    this.abandon(toAnswerError(error));
    return 'complete';
  }

  private async reply(payload: Uint8Array, signal: AbortSignal): Promise<void> {
    const { handler, replyTo, carrier } = this.parts;
    if (this.cause) throw this.cause.reason;
    if (replyTo.kind === 'itself') throw hearsItself(handler, replyTo.topic);
    await carrier.push(replyTo.topic, payload, { timeoutMs: handler.timeoutMs, signal });
    this.touch();
  }

  /** Tells the sender how the stream ended, when it is one of ours, and there is somebody to tell. */
  private async tell(ending: StreamEnding): Promise<void> {
    const { handler, replyTo, carrier, push } = this.parts;
    if (ending.kind === 'silent' || replyTo.kind === 'itself' || push.messageId === '') return;
    if (this.cause?.cut === 'released' || (this.cause?.cut === 'closing' && replyTo.sender === 'here')) return;
    const { code, message } =
      ending.kind === 'failed' ? ending.error : { code: MeshCode.SUCCESS, message: MESH_CODE_TEXT[MeshCode.SUCCESS] };
    try {
      const metadata = writeStreamEnd({ code, message });
      const { timeoutMs } = handler;
      await carrier.push(replyTo.topic, NO_PAYLOAD, { timeoutMs, metadata, signal: this.telling.signal });
    } catch (error) {
      logger.warn(
        `${this.name}: its sender does not learn that it ended with ${code}: ${toAnswerError(error).message}`,
      );
    }
  }

  private log(error: unknown, { code, message }: MeshError): void {
    logger.error(`${this.name} ended with ${code}: ${message}`, error instanceof Error ? error.stack : undefined);
  }

  /** Ids come from the peer: quoted, they cannot forge a line of the log. */
  private get name(): string {
    const { session, topic } = this.parts.push;
    return `${this.parts.handler.provider}: the stream of session ${JSON.stringify(session)}, topic ${JSON.stringify(topic)},`;
  }

  private touch(): void {
    this.idle?.refresh();
  }
}

/** The messages of a topic, without the ends of streams before this one that nobody has read. */
function withoutOldEnds(carrier: TopicCarrier, topic: string): TakeNext {
  let begun = false;
  return async (options) => {
    const carried = await carrier.pop(topic, options);
    if (!carried || begun) return carried;
    begun = endingOf(carried) === undefined;
    if (begun) return carried;
    carried.settle('delivered');
    return undefined;
  };
}

function reasonOf(cut: Cut, idleTimeoutMs: number): MeshError {
  switch (cut) {
    case 'released':
      return new MeshError(MeshCode.SESSION_RELEASED, 'the session was released');
    case 'closing':
      return new MeshError(MeshCode.UNREACHABLE, 'the application closes');
    case 'idle':
      return new MeshError(MeshCode.SESSION_RELEASED, `the stream was idle for ${idleTimeoutMs} ms`);
  }
}

function hearsItself({ provider }: StreamHandler, topic: string): MeshError {
  const message = `${provider} would hear its own answer on the topic '${topic}', since the sender is this very node: declare a replyTopic of which it is not the handler`;
  return new MeshError(MeshCode.INVALID_REQUEST, message);
}
