import type { IncomingHttpHeaders } from 'node:http2';
import { codeOfGrpcStatus, GrpcStatus } from '../../errors/grpc-status.js';
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

function failureOfHttp(status: number | undefined, where: string): MeshError {
  const code = codeOfGrpcStatus(statusOfHttp[status ?? 0] ?? GrpcStatus.UNKNOWN);
  return new MeshError(code, `${where} answered with HTTP status ${status} and no gRPC status`);
}
