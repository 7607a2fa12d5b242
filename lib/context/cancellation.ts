import type { MeshError } from '../errors/mesh-error.js';

/**
 * Says once that a call is over before its answer: its caller went away, or its deadline passed. The `AbortSignal` is made
 * only when somebody asks for it, since most calls end without anybody having looked.
 */
export class Cancellation {
  private controller: AbortController | undefined;
  private listeners: Set<(reason: MeshError) => void> | undefined;
  private cause: MeshError | undefined;

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

  /** Cancels. Only the first reason counts. */
  cancel(reason: MeshError): void {
    if (this.cause) return;
    this.cause = reason;
    this.controller?.abort(reason);
    const listeners = this.listeners;
    this.listeners = undefined;
    if (listeners) for (const listener of listeners) listener(reason);
  }

  /**
   * Calls the listener once, when the call is cancelled; at once when it already is.
   *
   * @returns forgets the listener
   */
  onCancel(listener: (reason: MeshError) => void): () => void {
    if (this.cause) {
      listener(this.cause);
      return () => undefined;
    }
    const listeners = (this.listeners ??= new Set());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }
}
