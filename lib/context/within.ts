import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { Cancellation, CancelWatcher } from './cancellation.js';
import { Alarm, clock } from './clock.js';

/** Until when something is waited for, and what it is. */
export interface Patience {
  /** What is waited for, for the error: the name of a service, a path. */
  readonly what: string;
  /** Until when: ms since the epoch, `Infinity` for ever. */
  readonly deadline: number;
  /** Cancelled when nobody waits any more; at the deadline it is cancelled with E0000000601. */
  readonly cancellation: Cancellation;
}

/** Told once how what was waited for came out. */
export interface Ending<T> {
  succeeded(value: T): void;
  failed(error: unknown): void;
}

/**
 * Ends what is not answered in time, or whose caller went away: whoever is at work is told by the cancellation, the answer is no
 * longer waited for.
 *
 * @throws the reason of the cancellation
 */
export function within<T>(patience: Patience, serve: () => Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => whenServed(patience, serve, { succeeded: resolve, failed: reject }));
}

/** As {@link within}, for who makes no Promise of it. What is there at once is told at once, and costs no clock. */
export function whenServed<T>(patience: Patience, serve: () => PromiseLike<T> | T, ending: Ending<T>): void {
  const { cancellation } = patience;
  if (cancellation.reason) return ending.failed(cancellation.reason);
  let served: PromiseLike<T> | T;
  try {
    served = serve();
  } catch (error) {
    return ending.failed(cancellation.reason ?? error);
  }
  if (isPromise(served)) return new Waiting(patience, ending).for(served);
  if (cancellation.reason) return ending.failed(cancellation.reason);
  ending.succeeded(served);
}

function isPromise<T>(served: PromiseLike<T> | T): served is PromiseLike<T> {
  return typeof served === 'object' && served !== null && 'then' in served && typeof served.then === 'function';
}

/** Waits until the first of: the answer, the deadline, the cancellation. */
class Waiting<T> extends Alarm implements CancelWatcher {
  private isOver = false;

  constructor(
    private readonly patience: Patience,
    private readonly ending: Ending<T>,
  ) {
    super(patience.deadline);
  }

  for(served: PromiseLike<T>): void {
    this.patience.cancellation.watch(this);
    if (!this.isOver && this.deadline !== Infinity) clock.set(this);
    served.then(
      (value) => this.settle() && this.ending.succeeded(value),
      (error: unknown) => this.settle() && this.ending.failed(error),
    );
  }

  /** @internal The caller has gone, or the time is over. */
  cancelled(reason: MeshError): void {
    if (this.settle()) this.ending.failed(reason);
  }

  /** @internal The deadline has passed. */
  ring(): void {
    const { what, cancellation } = this.patience;
    cancellation.cancel(new MeshError(MeshCode.TIMEOUT, `${what} did not answer in time`));
  }

  /** Whether this is the first that settles it. */
  private settle(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    clock.callOff(this);
    this.patience.cancellation.unwatch(this);
    return true;
  }
}
