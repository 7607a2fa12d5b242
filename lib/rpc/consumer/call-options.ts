import type { CallTarget } from '../../registry/registry.js';

/** How one call differs from what its facade declares. */
export interface CallOptions extends CallTarget {
  /** Deadline, in ms. A call made below another never outlives it. Default: the method's, the facade's, the mesh's. */
  readonly timeoutMs?: number;
  /** Cancels the call when aborted. */
  readonly signal?: AbortSignal;
  /** Travels beside the arguments. Names are made lower case; values must be printable ASCII to cross every transport. */
  readonly attachments?: Readonly<Record<string, string>>;
  /** Does not inherit deadline and cancellation of the call around it: for work that outlives its handler. Default `false`. */
  readonly detached?: boolean;
}

/** Puts one set of options over another; attachments are united. */
export function mergeCallOptions(base: CallOptions, over: CallOptions): CallOptions {
  if (base.attachments === undefined || over.attachments === undefined) return { ...base, ...over };
  return { ...base, ...over, attachments: { ...base.attachments, ...over.attachments } };
}
