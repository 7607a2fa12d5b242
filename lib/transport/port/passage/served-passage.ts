import { Cancellation } from '../../../context/cancellation.js';
import { MAX_TIMER_MS } from '../../../context/expiry.js';
import { toMeshError } from '../../../errors/from-unknown.js';
import { MeshCode } from '../../../errors/mesh-code.js';
import { MeshError } from '../../../errors/mesh-error.js';
import type { InboundPassage, PassageAnswer, PassageHandler } from '../../transport.js';
import type { PassageExchange } from './passage-exchange.js';

/** What a passage needs of the port it came through, and tells it. */
export interface PassageHost {
  /** A passage without a byte for so long is ended, in ms. */
  readonly idleTimeoutMs: number;
  /** A call has begun. */
  onCall(): void;
  /** A call is over. */
  onCallOver(): void;
}

/**
 * Serves one passage: hands it to its handler, and writes the answer as it comes. It is ended when its caller's deadline passes,
 * and when no byte has gone either way for long.
 */
export class ServedPassage {
  private readonly cancellation = new Cancellation();
  private readonly idle: NodeJS.Timeout;
  private readonly deadline: NodeJS.Timeout | undefined;
  private answer: AsyncIterator<Uint8Array> | undefined;
  private phase: 'waiting' | 'answering' | 'answered' | 'over' = 'waiting';

  constructor(
    private readonly exchange: PassageExchange,
    private readonly handler: PassageHandler,
    private readonly host: PassageHost,
  ) {
    const { path, deadline } = exchange.head;
    const { idleTimeoutMs } = host;
    this.idle = setTimeout(() => {
      this.fail(new MeshError(MeshCode.TIMEOUT, `no byte of '${path}' passed for ${idleTimeoutMs} ms`));
    }, idleTimeoutMs).unref();
    const remainingMs = Math.max(0, deadline - Date.now());
    if (remainingMs <= MAX_TIMER_MS) this.deadline = setTimeout(() => this.expire(), remainingMs).unref();
  }

  /** Serves it. */
  start(): void {
    const { exchange, host } = this;
    host.onCall();
    exchange.onOver(() => this.end());
    exchange.body.onTaken = () => void this.idle.refresh();
    void this.serve();
  }

  private async serve(): Promise<void> {
    try {
      const answer = await this.handler(this.passage());
      if (this.phase === 'waiting') await this.write(answer);
      else await answer.body[Symbol.asyncIterator]().return?.();
    } catch (error) {
      this.fail(toMeshError(error));
    }
  }

  private passage(): InboundPassage {
    const { exchange, cancellation } = this;
    return { ...exchange.head, cancellation, body: exchange.body, trailers: () => exchange.trailers() };
  }

  private async write(answer: PassageAnswer): Promise<void> {
    const { exchange, idle } = this;
    exchange.begin(answer);
    this.phase = 'answering';
    const body = (this.answer = answer.body[Symbol.asyncIterator]());
    for (let part = await body.next(); !part.done && this.isAnswering(); part = await body.next()) {
      idle.refresh();
      await exchange.write(part.value);
      idle.refresh();
    }
    if (!this.isAnswering()) return;
    this.phase = 'answered';
    exchange.end(answer.trailers?.() ?? {});
  }

  /** What is asked between two waits, during which it may have ended. */
  private isAnswering(): boolean {
    return this.phase === 'answering';
  }

  private expire(): void {
    this.fail(new MeshError(MeshCode.TIMEOUT, `'${this.exchange.head.path}' was not answered before its deadline`));
  }

  private fail(error: MeshError): void {
    const { phase, exchange } = this;
    if (phase === 'over') return;
    this.phase = 'answered';
    clearTimeout(this.deadline);
    if (phase === 'waiting') exchange.refuse(error);
    else exchange.breakOff(error);
    this.abandon(error);
  }

  private end(): void {
    const { phase, host, exchange, idle, deadline } = this;
    clearTimeout(idle);
    clearTimeout(deadline);
    this.phase = 'over';
    const gone = new MeshError(MeshCode.CANCELLED, `the caller of '${exchange.head.path}' has gone away`);
    if (phase !== 'answered') this.abandon(gone);
    exchange.body.breakOff();
    host.onCallOver();
  }

  /** Tells the handler, and who makes the answer, that nobody waits for it. */
  private abandon(reason: MeshError): void {
    this.cancellation.cancel(reason);
    void this.answer?.return?.().then(undefined, () => undefined);
  }
}
