import type { Cancellation } from '../context/cancellation.js';
import type { TimeLimits } from '../context/time-limits.js';
import { toMeshError } from '../errors/from-unknown.js';
import { MESH_CODE_TEXT, MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { ResolvedMeshOptions } from '../options/mesh-options.js';
import type { SessionAnswer, SessionRequest } from '../protocol/session-call.js';
import { lastMoment, pass } from './last-moment.js';
import type { Delivery, QueueKey, SessionMessage, SessionStore, StoreWait } from './store.js';

/** Longest session id accepted, in characters. */
const MAX_SESSION_ID_LENGTH = 1_024;

/** Longest wait that a pop may ask for, in ms: a day. */
const MAX_POP_TIMEOUT_MS = 86_400_000;

/** How long a session call may take, as its caller says. */
export interface SessionWait extends TimeLimits {
  readonly cancellation: Cancellation;
}

/** What became of an answer: it reached its caller, or it did not. */
export type Settlement = 'delivered' | 'lost';

/** An answer, and whom to tell whether it arrived. */
export interface SessionOutcome {
  readonly answer: SessionAnswer;
  /** Called once. What did not arrive goes back to the head of its queue. */
  settle(how: Settlement): void;
}

/** Hears of every push that is accepted into a queue. It keeps nothing of the payload. */
export type PushListener = (key: QueueKey, push: SessionRequest) => void;

/** Hears of every topic, or with an empty topic every session, that is about to be released. */
export type ReleaseListener = (key: QueueKey) => void;

const NO_METADATA: Readonly<Record<string, string>> = Object.freeze(Object.create(null));
const nothingToSettle = (): void => undefined;

/** Serves the calls of the session API out of a store. What goes wrong is the answer's code. */
export class SessionService {
  private readonly pushListeners = new Set<PushListener>();
  private readonly releaseListeners = new Set<ReleaseListener>();

  constructor(
    private readonly store: SessionStore,
    private readonly options: Pick<ResolvedMeshOptions, 'sessions' | 'limits' | 'timeoutMs'>,
  ) {}

  /** Serves one call; never rejects. */
  async serve(request: SessionRequest, wait: SessionWait): Promise<SessionOutcome> {
    try {
      checkSession(request.session);
      return await this.perform(request, wait);
    } catch (error) {
      return { answer: failureAnswer(toMeshError(error)), settle: nothingToSettle };
    }
  }

  /**
   * Tells of every message that is accepted.
   * @returns forgets the listener
   */
  onPush(listener: PushListener): () => void {
    this.pushListeners.add(listener);
    return () => this.pushListeners.delete(listener);
  }

  /**
   * Tells of every release, before it happens.
   * @returns forgets the listener
   */
  onRelease(listener: ReleaseListener): () => void {
    this.releaseListeners.add(listener);
    return () => this.releaseListeners.delete(listener);
  }

  private perform(request: SessionRequest, wait: SessionWait): Promise<SessionOutcome> {
    switch (request.operation) {
      case 'push':
        return this.push(request, wait);
      case 'pop':
        return this.pop(request, popDeadline(request, wait, this.options.sessions.popTimeoutMs), wait);
      case 'peek':
        return this.peek(request, wait);
      case 'release':
        return this.release(request);
    }
  }

  private async push(request: SessionRequest, wait: SessionWait): Promise<SessionOutcome> {
    const { payload, metadata, messageId, timeoutMs = Infinity } = request;
    const { maxMessageBytes } = this.options.limits;
    if (payload.byteLength > maxMessageBytes) {
      const message = `the payload of ${payload.byteLength} bytes is over the limit of ${maxMessageBytes} (limits.maxMessageBytes)`;
      throw new MeshError(MeshCode.MESSAGE_TOO_LONG, message);
    }
    const deadline = Math.min(wait.deadline, Date.now() + Math.min(timeoutMs, this.options.timeoutMs));
    await this.store.push(keyOf(request), { payload, metadata, id: messageId }, { ...wait, deadline });
    for (const listener of this.pushListeners) listener(keyOf(request), request);
    return { answer: successAnswer(undefined), settle: nothingToSettle };
  }

  private async pop(
    request: SessionRequest,
    until: number,
    { deadline, cancellation }: SessionWait,
  ): Promise<SessionOutcome> {
    const latest = Math.min(until, lastMoment(deadline));
    const delivery = await this.store.pop(keyOf(request), { deadline: latest, cancellation });
    // A caller whose own deadline is the pop's timeout, as the reference SDK's is, expects to see it pass.
    if (!delivery && latest < until) await pass(until, cancellation);
    return outcomeOf(delivery);
  }

  private async peek(request: SessionRequest, wait: SessionWait): Promise<SessionOutcome> {
    if (this.options.sessions.peek === 'consume') return this.pop(request, Date.now(), wait);
    return { answer: successAnswer(await this.store.peek(keyOf(request))), settle: nothingToSettle };
  }

  private async release(request: SessionRequest): Promise<SessionOutcome> {
    for (const listener of this.releaseListeners) listener(keyOf(request));
    await this.store.release(keyOf(request));
    return { answer: successAnswer(undefined), settle: nothingToSettle };
  }
}

/** The answer that a failed call gets. */
export function failureAnswer({ code, message }: MeshError): SessionAnswer {
  return { code, message, payload: undefined, metadata: NO_METADATA };
}

/** The answer of a call that succeeded, with the message that it got, if any. */
export function successAnswer(message: SessionMessage | undefined): SessionAnswer {
  return {
    code: MeshCode.SUCCESS,
    message: MESH_CODE_TEXT[MeshCode.SUCCESS],
    payload: message?.payload,
    metadata: message?.metadata ?? NO_METADATA,
  };
}

function outcomeOf(delivery: Delivery | undefined): SessionOutcome {
  if (!delivery) return { answer: successAnswer(undefined), settle: nothingToSettle };
  return {
    answer: { ...successAnswer(delivery.message), messageId: delivery.message.id },
    settle: (how) => (how === 'delivered' ? delivery.confirm() : delivery.giveBack()),
  };
}

function keyOf({ session, topic }: SessionRequest): QueueKey {
  return { session, topic };
}

/** @throws MeshError E0000000400 when a session id is missing or too long */
export function checkSession(session: string): void {
  if (session === '') {
    throw new MeshError(MeshCode.INVALID_REQUEST, "the header 'x-ptp-session-id' is missing: it names the session");
  }
  if (session.length > MAX_SESSION_ID_LENGTH) {
    const message = `a session id has at most ${MAX_SESSION_ID_LENGTH} characters, got ${session.length}`;
    throw new MeshError(MeshCode.INVALID_REQUEST, message);
  }
}

/** When a pop stops waiting: as it asks, but not after its caller gave up. */
function popDeadline({ timeoutMs }: SessionRequest, wait: SessionWait, defaultMs: number): StoreWait['deadline'] {
  const waitMs = timeoutMs ?? defaultMs;
  if (Number.isFinite(waitMs) && waitMs >= 0 && waitMs <= MAX_POP_TIMEOUT_MS)
    return Math.min(Date.now() + waitMs, wait.deadline);
  const message = `a pop's timeout must be from 0 to ${MAX_POP_TIMEOUT_MS} ms, got ${waitMs}`;
  throw new MeshError(MeshCode.INVALID_REQUEST, message);
}
