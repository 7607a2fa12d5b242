import { setTimeout as sleep } from 'node:timers/promises';
import { MeshContext } from '../../context/mesh-context.js';
import type { SessionRequest } from '../../protocol/session-call.js';
import { endsStream } from '../../protocol/stream-end.js';
import { isOwn, type OwnNode } from '../../session/handle/local-port.js';
import type { MeshSessions } from '../../session/handle/mesh-sessions.js';
import type { QueueKey, SessionStore } from '../../session/store.js';
import { HandlerStream, type HandlerStreamParts, type ReplyTo } from './handler-stream.js';
import { type FirstPush, firstPush } from './stream-context.js';
import type { StreamHandler } from './stream-handler.js';
import { arrivalTopic, type StreamTable } from './stream-table.js';

/** What a {@link StreamDesk} needs of its mesh. */
export interface StreamDeskParts {
  readonly table: StreamTable;
  readonly own: OwnNode;
  readonly store: Pick<SessionStore, 'peek'>;
  readonly sessions: MeshSessions;
  /** Most streams at work. */
  readonly maxStreams: number;
  /** Most topics of sessions that wait for a stream; the first of them then waits for its next message. */
  readonly maxWaiting: number;
  readonly idleTimeoutMs: number;
  /** How long closing waits for the streams to end, in ms. */
  readonly drainTimeoutMs: number;
}

/** What streams there are at the moment, for metrics. */
export interface StreamStats {
  /** Streams at work. */
  readonly atWork: number;
  /** Topics of sessions that wait for a stream. */
  readonly waiting: number;
}

/** A topic of a session: a stream is at work on it, or it waits for its turn to have one. */
interface Desk {
  /** The queue in which its messages arrive. */
  readonly key: QueueKey;
  readonly push: FirstPush;
  readonly handler: StreamHandler;
  stream: HandlerStream | undefined;
  /** The push that begins the next stream. */
  next: FirstPush | undefined;
}

/**
 * Begins a stream for each topic of a session on which messages arrive and that has a handler; one at a time. So many are at work at
 * most: the messages of the others wait in their queues for one to end.
 */
export class StreamDesk {
  /** By session, then by topic. */
  private readonly desks = new Map<string, Map<string, Desk>>();
  /** Those without a stream, in the order of arrival. */
  private readonly line = new Set<Desk>();
  private readonly running = new Set<Promise<void>>();
  private closing: Promise<unknown> | undefined;
  private atWork = 0;

  constructor(private readonly parts: StreamDeskParts) {}

  stats(): StreamStats {
    return { atWork: this.atWork, waiting: this.line.size };
  }

  /** Takes note of a push that was accepted. */
  readonly pushed = (key: QueueKey, request: SessionRequest): void => {
    const handler = this.parts.table.find(key.topic);
    // The end of a stream begins none: otherwise two handlers would tell each other of their ends for ever.
    if (!handler || this.closing || endsStream(request.metadata)) return;
    const desk = this.desks.get(key.session)?.get(key.topic);
    const push = () => firstPush(request, handler.splitting ? handler.topic : key.topic);
    if (!desk) this.lineUp({ key, push: push(), handler, stream: undefined, next: undefined });
    else if (desk.stream?.isPast) desk.next ??= push();
  };

  /** Takes note of a release. */
  readonly released = ({ session, topic }: QueueKey): void => {
    for (const desk of this.desks.get(session)?.values() ?? []) {
      if (topic !== '' && topic !== desk.key.topic && topic !== desk.push.topic) continue;
      desk.next = undefined;
      if (!desk.stream) this.leave(desk);
      else if (topic === '') desk.stream.cut('released');
      else desk.stream.complete();
    }
  };

  /** Ends all streams, and begins none any more; waits for their ends, but no longer than `drainTimeoutMs`. May be called again. */
  async close(): Promise<void> {
    this.closing ??= this.end();
    await this.closing;
  }

  private lineUp(desk: Desk): void {
    const [first] = this.line;
    if (first && this.line.size >= this.parts.maxWaiting) this.leave(first);
    const { session, topic } = desk.key;
    const topics = this.desks.get(session) ?? new Map<string, Desk>();
    this.desks.set(session, topics.set(topic, desk));
    this.line.add(desk);
    this.advance();
  }

  private leave(desk: Desk): void {
    const { session, topic } = desk.key;
    const topics = this.desks.get(session);
    topics?.delete(topic);
    if (topics?.size === 0) this.desks.delete(session);
    this.line.delete(desk);
  }

  private advance(): void {
    for (const desk of this.line) {
      if (this.atWork >= this.parts.maxStreams) return;
      this.line.delete(desk);
      this.begin(desk);
    }
  }

  private begin(desk: Desk): void {
    const stream = new HandlerStream(this.partsOf(desk));
    desk.stream = stream;
    this.atWork++;
    // Whoever pushed has no part in the stream: neither its trace, nor its deadline.
    const running = MeshContext.outside(() => stream.run()).then(() => {
      this.running.delete(running);
      this.ended(desk);
    });
    this.running.add(running);
  }

  private ended(desk: Desk): void {
    this.atWork--;
    this.leave(desk);
    const { key, next, handler } = desk;
    if (next && !this.closing) this.lineUp({ key, push: next, handler, stream: undefined, next: undefined });
    else this.advance();
  }

  private partsOf({ key, push, handler }: Desk): HandlerStreamParts {
    const { own, sessions, store } = this.parts;
    const { session, parties, token, providerCode, traceId } = push;
    const back = { targetNodeId: parties.sourceNodeId, targetInstId: parties.sourceInstId };
    const { splitting } = handler;
    const open = { ...back, token, providerCode, traceId, ...(splitting && { splitting }) };
    return {
      handler,
      push,
      own,
      idleTimeoutMs: handler.idleTimeoutMs ?? this.parts.idleTimeoutMs,
      replyTo: this.replyTo(push, handler),
      carrier: sessions.carry(session, open),
      hasMessage: async () => (await store.peek(key).catch(() => undefined)) !== undefined,
    };
  }

  private replyTo({ parties, topic: heard }: FirstPush, handler: StreamHandler): ReplyTo {
    const { own, table } = this.parts;
    const topic = handler.replyTopic ?? heard;
    const atHome = isOwn({ targetNodeId: parties.sourceNodeId, targetInstId: parties.sourceInstId }, own);
    if (atHome && table.find(arrivalTopic(handler, topic)) === handler) return { kind: 'itself', topic };
    return { kind: 'topic', topic, sender: atHome ? 'here' : 'elsewhere' };
  }

  private async end(): Promise<void> {
    this.line.clear();
    for (const topics of this.desks.values()) for (const desk of topics.values()) desk.stream?.cut('closing');
    const overdue = new AbortController();
    const ends = Promise.all(this.running);
    const late = sleep(this.parts.drainTimeoutMs, undefined, { signal: overdue.signal }).catch(() => undefined);
    await Promise.race([ends, late]);
    overdue.abort();
  }
}
