import { toMeshError } from '../../errors/from-unknown.js';
import { codeOfGrpcStatus, grpcStatusOf } from '../../errors/grpc-status.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { WireHeaders } from '../transport.js';

/** What is left of a handler's error after a way through gRPC. */
export function asCarried(error: unknown): MeshError {
  const { code, message, neverSent } = toMeshError(error);
  if (neverSent) return new MeshError(code, message, { neverSent });
  return new MeshError(codeOfGrpcStatus(grpcStatusOf(code)), message, { cause: error });
}

/** Headers of one's own. */
export function copyOf(headers: WireHeaders): WireHeaders {
  return Object.assign(Object.create(null) as Record<string, string>, headers);
}
