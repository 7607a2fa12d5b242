import { constants, type IncomingHttpHeaders } from 'node:http2';
import { codeOfGrpcStatus, GrpcStatus } from '../../errors/grpc-status.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { decodeStatusMessage } from './headers.js';

/** gRPC's own table of what an HTTP status means when something between refused the call. */
const statusOfHttp: Readonly<Record<number, GrpcStatus>> = {
  400: GrpcStatus.INTERNAL,
  401: GrpcStatus.UNAUTHENTICATED,
  403: GrpcStatus.PERMISSION_DENIED,
  404: GrpcStatus.UNIMPLEMENTED,
  429: GrpcStatus.UNAVAILABLE,
  502: GrpcStatus.UNAVAILABLE,
  503: GrpcStatus.UNAVAILABLE,
  504: GrpcStatus.UNAVAILABLE,
};

/** The error that the peer's status stands for; `undefined` when the status is OK. */
export function failureOfStatus(
  trailers: IncomingHttpHeaders,
  httpStatus: number | undefined,
  where: string,
): MeshError | undefined {
  const status = trailers['grpc-status'];
  if (status === '0') return undefined;
  if (status === undefined) return failureOfHttp(httpStatus, where);
  const number = Number(status);
  const text = trailers['grpc-message'];
  const said = typeof text === 'string' && text !== '' ? decodeStatusMessage(text) : 'without a message';
  return new MeshError(codeOfGrpcStatus(number), `${where} answered with gRPC status ${status}: ${said}`);
}

/** The error for a stream that was reset or lost before its status came. */
export function failureOfReset(reset: number | undefined, lost: boolean, where: string): MeshError {
  if (reset === constants.NGHTTP2_REFUSED_STREAM) {
    return new MeshError(MeshCode.UNREACHABLE, `${where} refused the call before looking at it`, { neverSent: true });
  }
  const how = lost ? 'the connection was lost' : `the peer broke it off (HTTP/2 reset ${reset})`;
  return new MeshError(MeshCode.UNREACHABLE, `the call to ${where} has no answer: ${how}`);
}

/** The error for an address where no connection can be had. */
export function unreachable(address: string, cause: unknown): MeshError {
  const why = cause instanceof Error && cause.message !== '' ? cause.message : String(cause);
  return new MeshError(MeshCode.ADDRESS_UNREACHABLE, `no connection to ${address}: ${why}`, { cause, neverSent: true });
}

function failureOfHttp(status: number | undefined, where: string): MeshError {
  const code = codeOfGrpcStatus(statusOfHttp[status ?? 0] ?? GrpcStatus.UNKNOWN);
  return new MeshError(code, `${where} answered with HTTP status ${status} and no gRPC status`);
}
