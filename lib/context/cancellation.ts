import type { MeshError } from '../errors/mesh-error.js';

/** Is told when what it watches is cancelled. */
export interface CancelWatcher {
  /** Told once. */
  cancelled(reason: MeshError): void;
}

/**
 * Says once that a call is over before its answer: its caller went away, or its deadline passed. The `AbortSignal` is made
 * only when somebody asks for it, since most calls end without anybody having looked.
 */
export class Cancellation {
  private controller: AbortController | undefined;
  /** Nearly always, one at most watches. */
  private first: CancelWatcher | undefined;
  private others: Set<CancelWatcher> | undefined;
  private cause: MeshError | undefined;
  /** When somebody sees to it that it is cancelled, at the deadline of a call: ms since the epoch; `Infinity` when nobody does. */
  cancelsAt = Infinity;

  /** Why the call was cancelled; `undefined` while it was not. */
  get reason(): MeshError | undefined {
    return this.cause;
  }

  /** Aborted, with the {@link reason}, when the call is cancelled. */
  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.cause) this.controller.abort(this.cause);
    }
    return this.controller.signal;
  }

  /** Whether anybody watches. */
  get watched(): boolean {
    return this.first !== undefined || (this.others !== undefined && this.others.size > 0);
  }

  /** Cancels. Only the first reason counts. */
  cancel(reason: MeshError): void {
    if (this.cause) return;
    this.cause = reason;
    this.controller?.abort(reason);
    const { first, others } = this;
    this.first = undefined;
    first?.cancelled(reason);
    if (others) for (const watcher of others) watcher.cancelled(reason);
    this.others = undefined;
  }

  /** Tells a watcher once, when the call is cancelled; at once when it already is. */
  watch(watcher: CancelWatcher): void {
    if (this.cause) return watcher.cancelled(this.cause);
    if (!this.first && !this.others) this.first = watcher;
    else (this.others ??= new Set()).add(watcher);
  }

  /** Forgets a watcher. */
  unwatch(watcher: CancelWatcher): void {
    if (this.first === watcher) this.first = undefined;
    else this.others?.delete(watcher);
  }

  /**
   * Calls the listener once, when the call is cancelled; at once when it already is.
   *
   * @returns forgets the listener
   */
  onCancel(listener: (reason: MeshError) => void): () => void {
    const watcher: CancelWatcher = { cancelled: listener };
    this.watch(watcher);
    return () => this.unwatch(watcher);
  }
}
