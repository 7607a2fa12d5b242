import { LinkedList } from '../../collections/linked-list.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { SessionAnswer, SessionRequest } from '../../protocol/session-call.js';
import type { SessionOutcome, SessionWait } from '../session-service.js';
import { ConversationStream } from './conversation-stream.js';
import type { OpenStream } from './outbound-conversation.js';
import { acknowledgement, type SessionMessages, wrapRequest } from './session-messages.js';

/** Streams that are kept while no pop uses them. */
const MAX_IDLE = 64;

/** How long a stream is kept that no pop uses, in ms. */
const IDLE_MS = 5_000;

/**
 * Single pops, each on a stream of its own while it waits, so that it holds up nothing else. Its message is acknowledged when
 * it was taken; a pop whose caller gave up takes nothing, since its stream is then reset.
 */
export class PopLines {
  private readonly used = new LinkedList<ConversationStream>();
  private idle: ConversationStream[] = [];
  private timer: NodeJS.Timeout | undefined;
  private closed: MeshError | undefined;

  constructor(
    private readonly open: OpenStream,
    private readonly messages: SessionMessages,
  ) {}

  /** Whether no pop waits. */
  get quiet(): boolean {
    return this.used.size === 0;
  }

  /** Makes a pop. @throws MeshError why there was no answer */
  async pop(request: SessionRequest, wait: SessionWait): Promise<SessionOutcome> {
    if (this.closed) throw this.closed;
    const line = this.take();
    try {
      const body = await line.ask(wrapRequest(this.messages.request(request, 'acknowledged')), wait);
      const { answer, delivery } = this.messages.popped(body);
      return this.outcome(line, answer, delivery);
    } catch (error) {
      this.drop(line, cancelled('the pop was given up'));
      throw error;
    }
  }

  /** Ends all of them at once. What was not acknowledged goes back. */
  close(reason: MeshError): void {
    this.closed = reason;
    this.hangUp();
    for (const line of this.used) this.drop(line, reason);
  }

  private outcome(line: ConversationStream, answer: SessionAnswer, delivery: number | undefined): SessionOutcome {
    if (delivery === undefined) {
      this.keep(line);
      return { answer, settle: () => undefined };
    }
    return {
      answer,
      settle: (how) => {
        if (how === 'lost') return this.drop(line, cancelled('the message was given back'));
        line.acknowledge(acknowledgement(delivery));
        this.keep(line);
      },
    };
  }

  private take(): ConversationStream {
    let line = this.idle.pop();
    while (line?.over) line = this.idle.pop();
    line ??= new ConversationStream(this.open());
    this.used.append(line);
    return line;
  }

  private keep(line: ConversationStream): void {
    this.used.remove(line);
    if (this.closed || this.idle.length >= MAX_IDLE) return line.end();
    this.idle.push(line);
    this.timer ??= setTimeout(() => this.hangUp(), IDLE_MS);
  }

  private drop(line: ConversationStream, reason: MeshError): void {
    this.used.remove(line);
    line.cancel(reason);
  }

  private hangUp(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const line of this.idle.splice(0)) line.end();
  }
}

function cancelled(what: string): MeshError {
  return new MeshError(MeshCode.CANCELLED, what);
}
