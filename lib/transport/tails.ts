import type { OutboundCall } from './transport.js';

/** Bytes in one or two parts. */
export interface Tailed {
  readonly body: Uint8Array;
  /** What stands behind it. */
  readonly tail?: Uint8Array | undefined;
}

/** How many bytes there are, tail and all. */
export function lengthOf({ body, tail }: Tailed): number {
  return body.length + (tail?.length ?? 0);
}

/** All bytes in one piece: copied, where there is a tail. */
export function wholeOf({ body, tail }: Tailed): Uint8Array {
  return tail ? Buffer.concat([body, tail]) : body;
}

/** A call whose body is in one piece, for connections that take no tails. */
export function withoutTail(call: OutboundCall): OutboundCall {
  if (!call.tail) return call;
  const { tail: _, ...rest } = call;
  return { ...rest, body: wholeOf(call) };
}
