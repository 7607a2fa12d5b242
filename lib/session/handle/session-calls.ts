import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Cancellation } from '../../context/cancellation.js';
import { giveUpWith } from '../../context/give-up.js';
import { MeshContext } from '../../context/mesh-context.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { SessionAnswer, SessionOperation, SessionParties, SessionRequest } from '../../protocol/session-call.js';
import { newTraceId } from '../../protocol/trace.js';
import type { SessionPort, SessionSubscription } from './session-port.js';
import type { SessionOutcome } from '../session-service.js';

/** Time that a call may take beyond the wait that it asks for, in ms: the way there and back. */
const TRAVEL_MS = 10_000;

/** How long after a push whose answer was lost it is repeated, in ms: so often, then no more. */
const REPEAT_AFTER_MS: readonly number[] = [0, 50, 250];

/** What a session was opened with. */
export interface SessionIdentity {
  readonly session: string;
  readonly parties: SessionParties;
  readonly token: string;
  readonly providerCode: string;
  readonly traceId: string | undefined;
}

/** One call to make. */
export interface SessionCall {
  readonly operation: SessionOperation;
  readonly topic: string;
  readonly payload?: Uint8Array;
  readonly metadata?: Readonly<Record<string, string>>;
  /** How long the call may wait at the other side, in ms. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly messageId?: string;
}

const EMPTY = new Uint8Array(0);
const NO_METADATA: Readonly<Record<string, string>> = Object.freeze({});

/** Makes the calls of one session: with a deadline, cancellable, and repeating a push whose answer was lost. */
export class SessionCalls {
  private readonly prefix = randomUUID();
  private pushes = 0;

  constructor(
    readonly identity: SessionIdentity,
    private readonly port: SessionPort,
  ) {}

  /**
   * Makes a call, and throws what its answer says went wrong.
   * @throws MeshError the answer's code, or why there was none
   */
  async make(call: SessionCall, deadline = deadlineOf(call)): Promise<SessionOutcome> {
    const cancellation = new Cancellation();
    const above = MeshContext.current()?.cancellation;
    const release = giveUpWith(cancellation, { what: `the ${call.operation}`, deadline, signal: call.signal, above });
    try {
      if (cancellation.reason) throw cancellation.reason;
      const outcome = await this.port.call(this.request(call), { deadline, cancellation });
      check(outcome.answer);
      return outcome;
    } finally {
      release();
    }
  }

  /**
   * Pushes; a push whose answer was lost is repeated with the same message id, so that it is stored once. All attempts share one
   * deadline.
   */
  async push(call: Omit<SessionCall, 'operation'>): Promise<void> {
    const messageId = call.messageId ?? `${this.prefix}-${++this.pushes}`;
    const deadline = deadlineOf(call);
    for (let attempt = 0; ; attempt++) {
      try {
        (await this.make({ ...call, operation: 'push', messageId }, deadline)).settle('delivered');
        return;
      } catch (error) {
        const delayMs = REPEAT_AFTER_MS[attempt];
        if (delayMs === undefined || !answerWasLost(error) || Date.now() + delayMs >= deadline) throw error;
        await pause(delayMs);
      }
    }
  }

  /** Subscribes to a topic; `undefined` where each message must be asked for. */
  subscribe(topic: string, prefetch: number): SessionSubscription | undefined {
    return this.port.subscribe?.(this.request({ operation: 'pop', topic }), prefetch);
  }

  private request(call: Omit<SessionCall, 'timeoutMs'> & Partial<Pick<SessionCall, 'timeoutMs'>>): SessionRequest {
    const { session, parties, token, providerCode, traceId } = this.identity;
    return {
      operation: call.operation,
      session,
      topic: call.topic,
      payload: call.payload ?? EMPTY,
      timeoutMs: call.timeoutMs,
      metadata: call.metadata ?? NO_METADATA,
      messageId: call.messageId ?? '',
      parties,
      traceId: traceId ?? MeshContext.current()?.traceId ?? newTraceId(),
      token,
      providerCode,
    };
  }
}

function check({ code, message }: SessionAnswer): void {
  if (code !== MeshCode.SUCCESS) throw new MeshError(code, message);
}

function answerWasLost(error: unknown): boolean {
  if (!(error instanceof MeshError) || error.code === MeshCode.TIMEOUT) return false;
  return error.code === MeshCode.UNREACHABLE || error.neverSent;
}

function deadlineOf({ timeoutMs }: Pick<SessionCall, 'timeoutMs'>): number {
  return Date.now() + timeoutMs + TRAVEL_MS;
}
