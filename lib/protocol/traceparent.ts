/** A W3C `traceparent` (Trace Context, level 1, section 3.2). */
export interface Traceparent {
  /** Version, two hex digits; `00` today. */
  readonly version: string;
  /** Trace, 32 hex digits, not all zero. */
  readonly traceId: string;
  /** The caller's span, 16 hex digits, not all zero. */
  readonly parentId: string;
  /** Whether the caller records its span. */
  readonly sampled: boolean;
}

/** Longest `traceparent` read, in characters: later versions may be longer than the 55 of version 00. */
const MAX_LENGTH = 256;

const PATTERN = /^([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Reads a `traceparent`; `undefined` when it is none, which the standard says to treat as absent. */
export function parseTraceparent(text: string | undefined): Traceparent | undefined {
  if (text === undefined || text.length > MAX_LENGTH) return undefined;
  const [, version, traceId, parentId, flags, rest] = PATTERN.exec(text) ?? [];
  if (version === undefined || traceId === undefined || parentId === undefined || flags === undefined) return undefined;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  return { version, traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
