import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import { lengthOf } from './tails.js';
import type { OutboundCall } from './transport.js';

/** The error for a message over the limit. */
export function tooLong(length: number, limit: number): MeshError {
  return new MeshError(
    MeshCode.MESSAGE_TOO_LONG,
    `a message of ${length} bytes is over the limit of ${limit} (limits.maxMessageBytes, and room for what stands around it)`,
  );
}

/** The error for a packed call at a peer that is not known to understand it. */
export function notPacked(): MeshError {
  const message =
    'the call is packed, and the peer is not known to understand that: it is another than when the call was made';
  return new MeshError(MeshCode.UNREACHABLE, message, { neverSent: true });
}

/**
 * Why a call need not be sent at all: its caller gave up already, or it is too long. `undefined` when it may be sent.
 */
export function refusalOf(call: OutboundCall, maxMessageBytes: number): MeshError | undefined {
  if (call.cancellation.reason) return call.cancellation.reason;
  if (call.deadline <= Date.now()) {
    const message = `the deadline of the call to '${call.path}' passed before it was sent`;
    return new MeshError(MeshCode.TIMEOUT, message, { neverSent: true });
  }
  const length = lengthOf(call);
  return length > maxMessageBytes ? tooLong(length, maxMessageBytes) : undefined;
}
