import { setMaxListeners } from 'node:events';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { Cancellation, CancelWatcher } from './cancellation.js';
import { Alarm, clock } from './clock.js';

/** What makes the caller of a call give it up. */
export interface GivingUp {
  /** What is given up, for the error: `mesh.trust.apply`, `the push`. */
  readonly what: string;
  /** When: ms since the epoch; then with E0000000601. */
  readonly deadline: number;
  /** What time it is, for who has just looked: ms since the epoch. */
  readonly now?: number;
  /** When it is aborted: with its reason where that is a `MeshError`, else with E0000000499. */
  readonly signal?: AbortSignal | undefined;
  /** When the call is given up below which this one is made: with the same reason. */
  readonly above?: Cancellation | undefined;
}

/** Cancels a call when its caller gives it up, for whichever reason comes first. */
export class GiveUp extends Alarm implements CancelWatcher {
  private readonly what: string;
  private readonly signal: AbortSignal | undefined;
  private readonly above: Cancellation | undefined;

  constructor(
    private readonly cancellation: Cancellation,
    { what, deadline, now, signal, above }: GivingUp,
  ) {
    super(deadline);
    this.what = what;
    this.signal = signal;
    this.above = above;
    if (signal) this.heed(signal);
    above?.watch(this);
    clock.set(this, now);
    cancellation.cancelsAt = deadline;
  }

  /** Stops the clock, unless somebody still relies on it, and lets go of the signals; to be called when the call has ended. */
  release(): void {
    const { cancellation } = this;
    this.signal?.removeEventListener('abort', this);
    this.above?.unwatch(this);
    if (cancellation.watched) return;
    clock.callOff(this);
    cancellation.cancelsAt = Infinity;
  }

  /** @internal The deadline has passed. */
  ring(): void {
    this.cancellation.cancel(new MeshError(MeshCode.TIMEOUT, `${this.what} was not answered in time`));
  }

  /** @internal The call above was given up. */
  cancelled(reason: MeshError): void {
    this.cancellation.cancel(reason);
  }

  /** @internal The signal was aborted. */
  handleEvent(): void {
    this.cancellation.cancel(cancelled(this.what, this.signal?.reason));
  }

  private heed(signal: AbortSignal): void {
    if (signal.aborted) return this.handleEvent();
    // One signal may end any number of calls; Node warns of more than ten.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', this, { once: true });
  }
}

/**
 * Cancels a call when its caller gives it up, for whichever reason comes first.
 *
 * @returns {@link GiveUp.release}
 */
export function giveUpWith(cancellation: Cancellation, giving: GivingUp): () => void {
  const giveUp = new GiveUp(cancellation, giving);
  return () => giveUp.release();
}

function cancelled(what: string, cause: unknown): MeshError {
  if (cause instanceof MeshError) return cause;
  return new MeshError(MeshCode.CANCELLED, `${what} was cancelled by its caller`, { cause });
}
