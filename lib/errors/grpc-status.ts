import { MeshCode } from './mesh-code.js';

/** The status codes of gRPC, by number. Named here so that nothing needs a gRPC package to speak of them. */
export const GrpcStatus = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** One of the numbers of {@link GrpcStatus}. */
export type GrpcStatus = (typeof GrpcStatus)[keyof typeof GrpcStatus];

/**
 * The code of each gRPC status: what a consumer makes of a call that failed below the envelope, and of an
 * `RpcException({ code: <gRPC status> })`.
 *
 * RESOURCE_EXHAUSTED is what gRPC says of a message over the limit, hence E0000000413.
 */
export const CODE_OF_GRPC_STATUS: Readonly<Record<GrpcStatus, MeshCode>> = {
  [GrpcStatus.OK]: MeshCode.SUCCESS,
  [GrpcStatus.CANCELLED]: MeshCode.CANCELLED,
  [GrpcStatus.UNKNOWN]: MeshCode.SYSTEM_ERROR,
  [GrpcStatus.INVALID_ARGUMENT]: MeshCode.INVALID_REQUEST,
  [GrpcStatus.DEADLINE_EXCEEDED]: MeshCode.TIMEOUT,
  [GrpcStatus.NOT_FOUND]: MeshCode.NOT_FOUND,
  [GrpcStatus.ALREADY_EXISTS]: MeshCode.INVALID_REQUEST,
  [GrpcStatus.PERMISSION_DENIED]: MeshCode.FORBIDDEN,
  [GrpcStatus.RESOURCE_EXHAUSTED]: MeshCode.MESSAGE_TOO_LONG,
  [GrpcStatus.FAILED_PRECONDITION]: MeshCode.INVALID_REQUEST,
  [GrpcStatus.ABORTED]: MeshCode.SYSTEM_ERROR,
  [GrpcStatus.OUT_OF_RANGE]: MeshCode.INVALID_REQUEST,
  [GrpcStatus.UNIMPLEMENTED]: MeshCode.NO_SERVICE,
  [GrpcStatus.INTERNAL]: MeshCode.SYSTEM_ERROR,
  [GrpcStatus.UNAVAILABLE]: MeshCode.UNREACHABLE,
  [GrpcStatus.DATA_LOSS]: MeshCode.ENCODING,
  [GrpcStatus.UNAUTHENTICATED]: MeshCode.FORBIDDEN,
};

/**
 * The gRPC status of each code, for a call that fails below the envelope. The answer to a mesh call that was understood is
 * always gRPC OK: its code travels in the envelope (PROTOCOL 6).
 */
export const GRPC_STATUS_OF_CODE: Readonly<Record<MeshCode, GrpcStatus>> = {
  [MeshCode.SUCCESS]: GrpcStatus.OK,
  [MeshCode.INVALID_REQUEST]: GrpcStatus.INVALID_ARGUMENT,
  [MeshCode.FORBIDDEN]: GrpcStatus.PERMISSION_DENIED,
  [MeshCode.NOT_FOUND]: GrpcStatus.NOT_FOUND,
  [MeshCode.MESSAGE_TOO_LONG]: GrpcStatus.RESOURCE_EXHAUSTED,
  [MeshCode.CANCELLED]: GrpcStatus.CANCELLED,
  [MeshCode.SYSTEM_ERROR]: GrpcStatus.INTERNAL,
  [MeshCode.CIRCULAR_REQUEST]: GrpcStatus.FAILED_PRECONDITION,
  [MeshCode.UNKNOWN]: GrpcStatus.UNKNOWN,
  [MeshCode.INCOMPATIBLE]: GrpcStatus.FAILED_PRECONDITION,
  [MeshCode.TIMEOUT]: GrpcStatus.DEADLINE_EXCEEDED,
  [MeshCode.NO_INSTANCE]: GrpcStatus.UNAVAILABLE,
  [MeshCode.CERTIFICATE_REFUSED]: GrpcStatus.UNAUTHENTICATED,
  [MeshCode.LICENCE_EXPIRED]: GrpcStatus.PERMISSION_DENIED,
  [MeshCode.NETWORK_EXPIRED]: GrpcStatus.PERMISSION_DENIED,
  [MeshCode.NETWORK_DISABLED]: GrpcStatus.PERMISSION_DENIED,
  [MeshCode.UNREACHABLE]: GrpcStatus.UNAVAILABLE,
  [MeshCode.SESSION_RELEASED]: GrpcStatus.NOT_FOUND,
  [MeshCode.NOT_PERMITTED]: GrpcStatus.PERMISSION_DENIED,
  [MeshCode.SIGNATURE_INVALID]: GrpcStatus.UNAUTHENTICATED,
  [MeshCode.ENCODING]: GrpcStatus.INVALID_ARGUMENT,
  [MeshCode.NO_SERVICE]: GrpcStatus.UNIMPLEMENTED,
  [MeshCode.NOT_IN_NETWORK]: GrpcStatus.NOT_FOUND,
  [MeshCode.ADDRESS_UNREACHABLE]: GrpcStatus.UNAVAILABLE,
  [MeshCode.BUFFER_FULL]: GrpcStatus.RESOURCE_EXHAUSTED,
};

/** The code of a gRPC status, by {@link CODE_OF_GRPC_STATUS}; E0000000520 for a number that gRPC does not know. */
export function codeOfGrpcStatus(status: number): MeshCode {
  return (CODE_OF_GRPC_STATUS as Readonly<Record<number, MeshCode>>)[status] ?? MeshCode.UNKNOWN;
}

/** The gRPC status of a code, by {@link GRPC_STATUS_OF_CODE}; UNKNOWN (2) for a code that is not in the table. */
export function grpcStatusOf(code: string): GrpcStatus {
  return (GRPC_STATUS_OF_CODE as Readonly<Record<string, GrpcStatus>>)[code] ?? GrpcStatus.UNKNOWN;
}
