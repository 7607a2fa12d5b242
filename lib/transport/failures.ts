import { constants } from 'node:http2';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';

/** The error for a stream that was reset or lost before its status came. */
export function failureOfReset(
  reset: number | undefined,
  session: { readonly destroyed: boolean },
  where: string,
): MeshError {
  if (reset === constants.NGHTTP2_REFUSED_STREAM) {
    return new MeshError(MeshCode.UNREACHABLE, `${where} refused the call before looking at it`, { neverSent: true });
  }
  const how = session.destroyed ? 'the connection was lost' : `the peer broke it off (HTTP/2 reset ${reset})`;
  return new MeshError(MeshCode.UNREACHABLE, `the call to ${where} has no answer: ${how}`);
}

/** The error for an address where no connection can be had. */
export function unreachable(address: string, cause: unknown): MeshError {
  const why = cause instanceof Error && cause.message !== '' ? cause.message : String(cause);
  return new MeshError(MeshCode.ADDRESS_UNREACHABLE, `no connection to ${address}: ${why}`, { cause, neverSent: true });
}

/** The error for a call that cannot be put on the wire as it is. */
export function refusedBy(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new MeshError(MeshCode.INVALID_REQUEST, `the call cannot be sent: ${why}`, { cause: error, neverSent: true });
}
