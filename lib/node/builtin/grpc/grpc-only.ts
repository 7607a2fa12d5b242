import { MeshCode } from '../../../errors/mesh-code.js';
import { MeshError } from '../../../errors/mesh-error.js';
import type { CallHandler } from '../../../transport/transport.js';

/** Serves calls that come over gRPC; over HTTP, nothing is served at that path. */
export function grpcOnly(handler: CallHandler): CallHandler {
  return (call) => {
    if (call.wire === 'grpc') return handler(call);
    return Promise.reject(new MeshError(MeshCode.NO_SERVICE, `'${call.path}' is served over gRPC only`));
  };
}
